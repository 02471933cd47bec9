//! The keys that events have, those of the schema and strangers, and what is known of the way from
//! one to the next.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::chunk::Literal;
use crate::ink::Prefix;
use crate::layout::{Child, Layout, Meaning, NodeIndex, ROOT};
use crate::scan::{Malformed, Scan};
use crate::text::{push_escaped, push_quoted};
use crate::walk::Stumble;

/// Most strangers that are remembered; from there on each is looked up in vain.
const MOST_STRANGERS: usize = 200;

/// Longest name of a stranger that is remembered, in bytes.
const LONGEST_STRANGER: usize = 128;

/// Most ways from one word that are remembered.
const MOST_STEPS: usize = 16;

/// Longest way that is remembered, in bytes: some twenty keys without values.
const LONGEST_WAY: usize = 512;

/// Index of a word.
pub(super) type WordIndex = usize;

/// No key: an event's beginning.
pub(super) const START: WordIndex = 0;

/// A stranger that is one of too many, or too long, and overwritten by the next one.
const SPARE: WordIndex = 1;

/// Keys that were met, or can be.
#[derive(Debug)]
pub(super) struct Vocabulary {
    words: Vec<Word>,
    /// For each node the words that its objects can have.
    nodes: Vec<Vec<WordIndex>>,
    /// Strangers that may still be added.
    room: usize,
}

/// A key.
#[derive(Debug)]
pub(super) struct Word {
    /// The name as a page has it, unless it escapes what needs no escape.
    pub(super) quoted: String,
    /// A comma, the same, its colon and the quotation mark of a text, as the inside of a string.
    pub(super) escaped: Option<Prefix>,
    /// The object that it is a key of.
    pub(super) node: NodeIndex,
    pub(super) meaning: Meaning,
    /// Steps that were taken from the end of its value, those first that were taken most.
    steps: Vec<Known>,
}

/// A step that was taken before.
#[derive(Debug)]
struct Known {
    way: Literal,
    step: Step,
    taken: u32,
}

/// The next value, and how to get there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The bytes of the way that are done with.
    pub(super) length: usize,
    /// The outermost object that ends on the way, by the length of its path; 0 if none does.
    pub(super) leaves: usize,
    pub(super) word: WordIndex,
    pub(super) next: Next,
}

/// What a step leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// The text of a column, by its index; its quotation mark belongs to the way.
    Text(usize),
    /// A text without a column, likewise.
    StrangeText,
    /// Any other value of a column. Its first byte may belong to the way and is still to be read: it
    /// tells the value from a text.
    Column(usize),
    /// Any other value without a column, likewise.
    Stranger,
    /// Something in the place of an object.
    Stray(NodeIndex),
}

impl Word {
    fn new(quoted: String, node: NodeIndex, meaning: Meaning) -> Word {
        let mut escaped = vec![b','];
        push_escaped(&mut escaped, quoted.as_bytes());
        push_escaped(&mut escaped, b":\"");
        Word {
            escaped: Prefix::of(&escaped),
            quoted,
            node,
            meaning,
            steps: Vec::new(),
        }
    }
}

impl Vocabulary {
    /// The schema's words.
    pub(super) fn new(layout: &Layout) -> Vocabulary {
        let nameless = || Word::new("\"\"".to_owned(), ROOT, Meaning::Stranger);
        let mut words = vec![nameless(), nameless()];
        let mut nodes = Vec::new();
        for (index, node) in layout.nodes.iter().enumerate() {
            let first = words.len();
            let word = |child: &Child| Word::new(child.quoted.clone(), index, child.meaning);
            words.extend(node.children.iter().map(word));
            nodes.push((first..words.len()).collect());
        }
        Vocabulary {
            words,
            nodes,
            room: MOST_STRANGERS,
        }
    }

    #[inline(always)]
    pub(super) fn word(&self, index: WordIndex) -> Option<&Word> {
        self.words.get(index)
    }

    /// Goes on from the end of a word's value to the next value, if that was done before from
    /// there with the very same bytes between.
    #[inline(always)]
    pub(super) fn step(&mut self, scan: &mut Scan<'_>, from: WordIndex) -> Option<Step> {
        let steps = &mut self.words.get_mut(from)?.steps;
        let (first, rest) = scan.ahead()?;
        let known = steps
            .iter_mut()
            .find(|known| known.way.begins(first, rest))?;
        known.taken = known.taken.wrapping_add(1);
        scan.skip(known.step.length);
        Some(known.step)
    }

    /// Remembers a step that any event may take again.
    pub(super) fn remember(&mut self, from: WordIndex, way: &[u8], step: Step) {
        if way.len() > LONGEST_WAY || step.word == SPARE || from == SPARE {
            return;
        }
        if let Some(word) = self.words.get_mut(from) {
            // It may be known: near the page's end none is tried.
            word.steps.retain(|known| !known.way.is(way));
            word.steps.sort_by_key(|known| Reverse(known.taken));
            word.steps.truncate(MOST_STEPS - 1);
            // What is taken no more makes room in the end.
            for known in &mut word.steps {
                known.taken /= 2;
            }
            word.steps.push(Known {
                way: Literal::of(way),
                step,
                taken: 0,
            });
        }
    }

    /// Reads a key of this node and its colon.
    pub(super) fn key(
        &mut self,
        scan: &mut Scan<'_>,
        node: NodeIndex,
    ) -> Result<WordIndex, Stumble> {
        let token = scan.key()?;
        let name = match token.escapes {
            0 => Cow::Borrowed(token.text),
            _ => Cow::Owned(requoted(token.text).ok_or(Stumble::Impassable)?),
        };
        Ok(self.look_up(node, &name).ok_or(Malformed)?)
    }

    fn look_up(&mut self, node: NodeIndex, name: &str) -> Option<WordIndex> {
        let of_node = self.nodes.get_mut(node)?;
        let words = &self.words;
        let is_name = |index: &&WordIndex| words.get(**index).is_some_and(|w| w.quoted == name);
        if let Some(found) = of_node.iter().find(is_name) {
            return Some(*found);
        }
        let stranger = Word::new(name.to_owned(), node, Meaning::Stranger);
        if self.room == 0 || name.len() > LONGEST_STRANGER {
            *self.words.get_mut(SPARE)? = stranger;
            return Some(SPARE);
        }
        self.room -= 1;
        of_node.push(self.words.len());
        self.words.push(stranger);
        Some(self.words.len() - 1)
    }
}

/// A key with nothing escaped that need not be; `None` if it is no text.
fn requoted(token: &str) -> Option<String> {
    let name: String = serde_json::from_str(token).ok()?;
    let mut quoted = Vec::new();
    push_quoted(&mut quoted, &name);
    String::from_utf8(quoted).ok()
}
