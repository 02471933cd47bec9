//! What has no column, in the event's own nesting.

use super::text::push_quoted;

/// JSON objects inside one another, opened only when something is put into them.
#[derive(Debug, Default)]
pub(super) struct Nested {
    pub(super) json: Vec<u8>,
    open: usize,
}

impl Nested {
    pub(super) fn clear(&mut self) {
        self.json.clear();
        self.open = 0;
    }

    /// Adds a value below `path`, whose first `open` keys are the objects open already.
    pub(super) fn put(&mut self, path: &[&str], name: &str, value: &str) {
        if self.json.is_empty() {
            self.json.push(b'{');
        }
        for key in path.get(self.open..).unwrap_or_default() {
            self.key(key);
            self.json.push(b'{');
        }
        self.open = path.len();
        self.key(name);
        self.json.extend_from_slice(value.as_bytes());
    }

    fn key(&mut self, key: &str) {
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        push_quoted(&mut self.json, key);
        self.json.push(b':');
    }

    /// The walk leaves the object at `depth`: what is open there or deeper ends.
    pub(super) fn leave(&mut self, depth: usize) {
        while depth > 0 && self.open >= depth {
            self.json.push(b'}');
            self.open -= 1;
        }
    }

    /// Ends the outermost object; false if there is none.
    pub(super) fn close(&mut self) -> bool {
        self.leave(1);
        if !self.json.is_empty() {
            self.json.push(b'}');
        }
        !self.json.is_empty()
    }
}
