//! Names and ids as settings hold them: each is checked where it is read, and is text ever after.

/// Declares the type of a text that `check` takes.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr => $error:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// As written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<$name, $error> {
                $check(text).map(|()| $name(text.to_owned()))
            }
        }
    };
}

pub(crate) use checked_text;

/// Whether `text` is 32 hex digits in groups of 8-4-4-4-12.
pub(crate) fn is_guid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Whether `text` has between one and `most` letters, digits and underscores, and nothing else.
pub(crate) fn is_word(text: &str, most: usize) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=most).contains(&text.len()) && text.chars().all(allowed)
}
