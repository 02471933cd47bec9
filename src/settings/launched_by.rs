//! Who started the program.

/// Who started the program, which decides what may be assumed where nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchedBy {
    /// The Functions host, unattended: no store and no sink is ever assumed.
    Host,
    /// A person in a shell: state is kept in `./state` where nothing else is said.
    Shell,
}
