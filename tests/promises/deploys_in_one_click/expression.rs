//! The expressions of a deployment template: `[concat(parameters('a'), '-b').c[0]]`.

/// One expression, parsed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Text(String),
    Number(i64),
    Call(String, Vec<Expression>),
    /// `of.name`
    Member(Box<Expression>, String),
    /// `of[at]`
    Element(Box<Expression>, Box<Expression>),
}

/// The expression that a text of a template is, or nothing where the text stands for itself.
pub(crate) fn read(text: &str) -> Option<Expression> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    if inner.starts_with('[') {
        return None;
    }
    let mut parser = Parser { text: inner, at: 0 };
    let expression = parser.expression();
    assert!(parser.rest().trim().is_empty(), "left over in {text}");
    Some(expression)
}

/// Every call in it, the outer ones first.
pub(crate) fn calls(expression: &Expression, found: &mut dyn FnMut(&str, &[Expression])) {
    match expression {
        Expression::Text(_) | Expression::Number(_) => {}
        Expression::Call(name, arguments) => {
            found(name, arguments);
            arguments.iter().for_each(|argument| calls(argument, found));
        }
        Expression::Member(of, _) => calls(of, found),
        Expression::Element(of, at) => {
            calls(of, found);
            calls(at, found);
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Takes `sign` if it is next, after blanks.
    fn take(&mut self, sign: char) -> bool {
        let blanks = self.rest().len() - self.rest().trim_start().len();
        let taken = self.rest().trim_start().starts_with(sign);
        if taken {
            self.at += blanks + sign.len_utf8();
        }
        taken
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let start = rest.len() - rest.trim_start().len();
        let word = rest.trim_start();
        let ends = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        let word = word[..ends.unwrap_or(word.len())].to_owned();
        assert!(
            !word.is_empty(),
            "a word was due at {} of {}",
            self.at,
            self.text
        );
        self.at += start + word.len();
        word
    }

    fn expression(&mut self) -> Expression {
        let mut of = self.operand();
        loop {
            if self.take('.') {
                of = Expression::Member(Box::new(of), self.word());
            } else if self.take('[') {
                let at = self.expression();
                assert!(self.take(']'), "] is missing in {}", self.text);
                of = Expression::Element(Box::new(of), Box::new(at));
            } else {
                return of;
            }
        }
    }

    fn operand(&mut self) -> Expression {
        if self.take('\'') {
            return self.quoted();
        }
        let word = self.word();
        if !self.take('(') {
            let number = word
                .parse()
                .unwrap_or_else(|_| panic!("{word} is neither number nor call in {}", self.text));
            return Expression::Number(number);
        }
        let mut arguments = Vec::new();
        while !self.take(')') {
            assert!(
                arguments.is_empty() || self.take(','),
                ", is missing in {}",
                self.text
            );
            arguments.push(self.expression());
        }
        Expression::Call(word, arguments)
    }

    /// The rest of a text whose quote is open; `''` stands for a quote in it.
    fn quoted(&mut self) -> Expression {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find('\'').expect("a closing quote");
            text.push_str(&rest[..end]);
            let doubled = rest[end + 1..].starts_with('\'');
            self.at += end + if doubled { 2 } else { 1 };
            if !doubled {
                return Expression::Text(text);
            }
            text.push('\'');
        }
    }
}

#[test]
fn expressions_are_read_as_the_service_reads_them() {
    let call = |name: &str, arguments| Expression::Call(name.to_owned(), arguments);
    let text = |text: &str| Expression::Text(text.to_owned());
    let of = call("split", vec![text("it's"), text("/")]);
    let third = Expression::Element(Box::new(of), Box::new(Expression::Number(2)));
    let read_back = read("[concat( split('it''s', '/')[2].a , now() )]").unwrap();
    let member = Expression::Member(Box::new(third), "a".to_owned());
    assert_eq!(read_back, call("concat", vec![member, call("now", vec![])]));
    assert_eq!(read("plain"), None);
    assert_eq!(read("[[no expression]"), None);
}
