//! This process's memory, which holds the secret while it runs: nobody else's to read.

/// Keeps the memory out of core dumps and, from users other than root, out of reach: no
/// debugger, no `/proc/PID/mem`. Ends with an `exec`, so that no other program is bound by it.
///
/// Where the system refuses there is nothing that its user could mend, and nothing breaks.
#[cfg(target_os = "linux")]
pub fn close() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Elsewhere no system call does it that would not bind programs started from here, too.
#[cfg(not(target_os = "linux"))]
pub const fn close() {}
