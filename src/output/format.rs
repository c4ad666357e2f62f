//! The formats of `token`. A value that a format can't represent is an error.

use clap::ValueEnum;
use serde_json::Value;

use super::quote::{fish, html_attribute, is_plain_for_dotenv, posix, powershell};
use crate::error::{Code, Error};
use crate::secret::{IframeUrl, Token};

/// How a token is printed. The doc comments are the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The token
    Token,
    /// One line of JSON: token, iframe URL and environment
    Json,
    /// The iframe URL
    Url,
    /// An HTML iframe element
    Iframe,
    /// Statements to eval in sh, bash or zsh
    Env,
    /// Statements to eval or source in fish
    Fish,
    /// Statements for Invoke-Expression in PowerShell
    Powershell,
    /// Lines for --env-file and dotenv libraries
    Dotenv,
    /// GitHub Actions: mask both values and set them for later steps of the job
    GithubEnv,
    /// GitHub Actions: mask both values and set them as outputs of the step
    GithubOutput,
}

pub struct Session {
    pub token: Token,
    pub iframe_url: IframeUrl,
    pub environment: String,
}

pub const TOKEN_VARIABLE: &str = "SMARTEXTRACT_TOKEN";
pub const URL_VARIABLE: &str = "SMARTEXTRACT_IFRAME_URL";

impl Format {
    pub const fn file_variable(self) -> Option<&'static str> {
        match self {
            Self::GithubEnv => Some("GITHUB_ENV"),
            Self::GithubOutput => Some("GITHUB_OUTPUT"),
            _ => None,
        }
    }

    /// Checks that this format can represent a value, of which only the name is shown.
    pub fn check(self, code: Code, name: &str, value: &str) -> Result<(), Error> {
        if self != Self::Dotenv || is_plain_for_dotenv(value) {
            return Ok(());
        }
        let flaw = "contains a character that dotenv readers or shells interpret";
        Err(Error::new(code, format!("{name} {flaw}"))
            .hint("use another --format, or smartextract exec"))
    }

    /// The session in this format. For the GitHub formats, these are the lines of the file.
    pub fn render(self, session: &Session) -> Result<String, Error> {
        let (token, url) = (session.token.expose(), session.iframe_url.expose());
        self.check(Code::Internal, "the token", token)?;
        let pair =
            |line: fn(&str, &str) -> String| line(TOKEN_VARIABLE, token) + &line(URL_VARIABLE, url);
        let text = match self {
            Self::Token => token.to_owned() + "\n",
            Self::Json => {
                let [token, url, name] = [token, url, &session.environment].map(Value::from);
                format!(r#"{{"token":{token},"iframe_url":{url},"environment":{name}}}"#) + "\n"
            }
            Self::Url => url.to_owned() + "\n",
            Self::Iframe => format!("<iframe src=\"{}\"></iframe>\n", html_attribute(url)),
            // Without a bare `export`: word splitting of an unquoted `eval $(…)` could run it.
            Self::Env => pair(|name, value| format!("{name}={}; export {name};\n", posix(value))),
            Self::Fish => pair(|name, value| format!("set -gx {name} {};\n", fish(value))),
            Self::Powershell => {
                pair(|name, value| format!("$Env:{name} = {};\n", powershell(value)))
            }
            Self::Dotenv | Self::GithubEnv => pair(|name, value| format!("{name}={value}\n")),
            Self::GithubOutput => format!("token={token}\niframe_url={url}\n"),
        };
        Ok(text)
    }

    /// The statement that makes an `eval` fail with an exit code. Evaluating nothing would succeed.
    pub fn failure_statement(self) -> Option<fn(u8) -> String> {
        match self {
            Self::Env => Some(|exit_code| format!("(exit {exit_code});\n")),
            Self::Fish => Some(|exit_code| format!("sh -c 'exit {exit_code}';\n")),
            Self::Powershell => Some(|exit_code| {
                format!(
                    "& {{ $global:LASTEXITCODE = {exit_code}; \
                     throw 'smartextract failed with exit code {exit_code}' }};\n"
                )
            }),
            _ => None,
        }
    }
}
