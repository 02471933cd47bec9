//! Arrays and objects that are read as one value, by the ways that [`Nest`] remembers.

use crate::nest::{self, Mark, Nest, Then};
use crate::scan::{Malformed, Scan, Token};
use crate::target::Target;

impl<'de> Scan<'de> {
    /// Reads an array or object, however deep: depth costs a bit of `nest`, not a call.
    pub(super) fn structured(
        &mut self,
        nest: &mut Nest,
        to: &mut impl Target,
    ) -> Result<Token<'de>, Malformed> {
        let start = self.at();
        let mut scan = *self;
        nest.clear();
        let mut from = nest::START;
        loop {
            let last = from;
            let then = match nest.take_way(&scan, from) {
                Some((index, way)) => {
                    from = index;
                    scan.skip(way.len());
                    to.way(&way.escaped);
                    way.then
                }
                None => {
                    let (at, mut mark) = (scan.at(), nest.mark());
                    let then = scan.way(nest, &mut mark, from != nest::START, to)?;
                    from = nest.remember(from, scan.bytes_since(at), then, mark);
                    then
                }
            };
            match then {
                Then::Text => scan.rest_of_text(to)?,
                Then::Number if scan.is_at_number() => {
                    scan.word(to)?;
                }
                Then::Number => {
                    nest.forget(last, from);
                    match scan.odd(nest, to)? {
                        Then::End => break,
                        _ => from = nest::NOWHERE,
                    }
                }
                Then::End => break,
            }
        }
        *self = scan;
        self.token_since(start)
    }

    fn is_at_number(&self) -> bool {
        matches!(self.peek(), Some(b'0'..=b'9' | b'-'))
    }

    #[inline(always)]
    fn rest_of_text(&mut self, to: &mut impl Target) -> Result<(), Malformed> {
        match self.short_text() {
            Some((piece, length)) => {
                to.plain(piece, length);
                self.skip(length + 1);
            }
            None => self.long_text(to)?,
        }
        to.quote();
        Ok(())
    }

    #[inline(never)]
    fn long_text(&mut self, to: &mut impl Target) -> Result<(), Malformed> {
        self.inside(to).map(|_| ())
    }

    /// Reads what stands where a number stood another time, and on to the next value or the end.
    #[cold]
    fn odd(&mut self, nest: &mut Nest, to: &mut impl Target) -> Result<Then, Malformed> {
        let mut mark = nest.mark();
        self.blank_within(to);
        let then = self.way(nest, &mut mark, false, to)?;
        match then {
            Then::Text => self.rest_of_text(to)?,
            Then::Number => {
                self.word(to)?;
            }
            Then::End => {}
        }
        Ok(then)
    }

    /// Reads on to the next text or number within an array or object, or to its end: from the end
    /// of a value in it, or from the start of one.
    #[inline(never)]
    fn way(
        &mut self,
        nest: &mut Nest,
        mark: &mut Mark,
        mut is_complete: bool,
        to: &mut impl Target,
    ) -> Result<Then, Malformed> {
        loop {
            if is_complete {
                if nest.is_empty() {
                    return Ok(Then::End);
                }
                self.blank_within(to);
                let object = nest.in_object(mark);
                if self.take_within(b',', to) {
                    self.blank_within(to);
                    self.key_in(object, to)?;
                } else if self.take_within(closing(object), to) {
                    nest.pop(mark);
                    continue;
                } else {
                    return Err(Malformed);
                }
            }
            is_complete = true;
            match self.peek() {
                Some(b'"') => {
                    self.skip(1);
                    to.quote();
                    return Ok(Then::Text);
                }
                Some(bracket @ (b'{' | b'[')) => {
                    let object = bracket == b'{';
                    self.skip(1);
                    to.mark(bracket);
                    self.blank_within(to);
                    if !self.take_within(closing(object), to) {
                        nest.push(object, mark);
                        self.key_in(object, to)?;
                        is_complete = false;
                    }
                }
                Some(b't' | b'f' | b'n') => {
                    self.word(to)?;
                }
                _ if self.is_at_number() => return Ok(Then::Number),
                _ => return Err(Malformed),
            }
        }
    }

    /// Goes past the key and the colon that a value has in an object.
    fn key_in(&mut self, object: bool, to: &mut impl Target) -> Result<(), Malformed> {
        if object {
            self.string(to)?;
            self.blank_within(to);
            if !self.take_within(b':', to) {
                return Err(Malformed);
            }
            self.blank_within(to);
        }
        Ok(())
    }

    #[inline(always)]
    fn take_within(&mut self, byte: u8, to: &mut impl Target) -> bool {
        let found = self.take(byte);
        if found {
            to.mark(byte);
        }
        found
    }

    #[inline(always)]
    fn blank_within(&mut self, to: &mut impl Target) {
        let start = self.at();
        self.blank();
        if self.at() > start {
            to.word(self.bytes_since(start));
        }
    }
}

fn closing(object: bool) -> u8 {
    match object {
        true => b'}',
        false => b']',
    }
}
