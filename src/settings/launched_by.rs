//! Who starts the program: it decides what may be assumed where nothing is set.

/// Who starts the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchedBy {
    /// The Functions host, unattended: no store and no sink is ever assumed.
    Host,
    /// A person in a shell: state is kept in `./state` where nothing else is said.
    Shell,
}
