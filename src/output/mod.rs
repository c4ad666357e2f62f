//! Output: a session in a format becomes text, and the text reaches its file.

mod atomic;
mod file;
mod format;
mod quote;
mod step_file;

pub use atomic::{check_directory, create_new as create_new_file, replace as replace_file};
pub use file::{OutputFile, final_path, is_standard_output};
pub use format::{Format, Session, TOKEN_VARIABLE, URL_VARIABLE};
pub use quote::{html_attribute, posix as posix_quoted};
pub use step_file::StepFile;
