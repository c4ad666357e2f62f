//! Output: a token, its iframe URL and a format become bytes. Pure: nothing is written here.

mod format;
mod quote;

pub use quote::html_attribute;

pub use format::{Format, Grant, TOKEN_VARIABLE, URL_VARIABLE};
