//! The formats of `token`, one arm each: what it prints, and what a failure leaves for `eval`.

use clap::ValueEnum;
use serde::Serialize;
use zeroize::Zeroizing;

use super::quote;
use crate::error::{Code, Error};
use crate::secret::Token;

/// What a token is printed as. The doc comments are the help.
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
    /// For eval in sh, bash and zsh
    Env,
    /// For eval or source in fish
    Fish,
    /// For Invoke-Expression in PowerShell
    Powershell,
    /// For --env-file and dotenv readers
    Dotenv,
    /// GitHub Actions: masks both values and sets them for the job's later steps
    GithubEnv,
    /// GitHub Actions: masks both values and makes them the step's outputs
    GithubOutput,
}

/// What was obtained. The iframe URL is as secret as the token that it holds.
pub struct Grant {
    pub token: Token,
    pub iframe_url: Token,
    pub environment: String,
}

/// What is to be written where.
pub struct Rendered {
    pub stdout: Zeroizing<String>,
    /// What is to be appended to the file that `Format::file_variable` names.
    pub file: Zeroizing<String>,
}

const NOT_PLAIN: &str = "holds a character that dotenv readers take differently (# $ \\ ' \" `)";
const NOT_PLAIN_HINT: &str = "use another --format, or `smartextract exec`";

pub const TOKEN_VARIABLE: &str = "SMARTEXTRACT_TOKEN";
pub const URL_VARIABLE: &str = "SMARTEXTRACT_IFRAME_URL";

impl Format {
    /// The variable that names the file which this format appends to.
    pub const fn file_variable(self) -> Option<&'static str> {
        match self {
            Self::GithubEnv => Some("GITHUB_ENV"),
            Self::GithubOutput => Some("GITHUB_OUTPUT"),
            _ => None,
        }
    }

    /// Refuses an iframe template that no URL of can be written in this format.
    pub fn check(self, template: &str) -> Result<(), Error> {
        if self == Self::Dotenv && !quote::is_plain_for_dotenv(template) {
            return Err(
                Error::config(format!("the iframe template {NOT_PLAIN}")).hint(NOT_PLAIN_HINT)
            );
        }
        Ok(())
    }

    /// The grant in this format.
    pub fn render(self, grant: &Grant) -> Result<Rendered, Error> {
        let (token, url) = (grant.token.expose(), grant.iframe_url.expose());
        let pair = |write: &dyn Fn(&str, &str) -> Zeroizing<String>| {
            joined(&[&write(TOKEN_VARIABLE, token), &write(URL_VARIABLE, url)])
        };
        let stdout = match self {
            Self::Token => joined(&[token, "\n"]),
            Self::Json => json(grant),
            Self::Url => joined(&[url, "\n"]),
            Self::Iframe => {
                joined(&["<iframe src=\"", &quote::html_attribute(url), "\"></iframe>\n"])
            }
            Self::Env => {
                pair(&|name, value| joined(&["export ", name, "=", &quote::posix(value), ";\n"]))
            }
            Self::Fish => {
                pair(&|name, value| joined(&["set -gx ", name, " ", &quote::fish(value), ";\n"]))
            }
            Self::Powershell => pair(&|name, value| {
                joined(&["$Env:", name, " = ", &quote::powershell(value), ";\n"])
            }),
            Self::Dotenv if ![token, url].into_iter().all(quote::is_plain_for_dotenv) => {
                let message = format!("the token {NOT_PLAIN}");
                return Err(Error::new(Code::Internal, message).hint(NOT_PLAIN_HINT));
            }
            Self::Dotenv => pair(&assignment),
            Self::GithubEnv | Self::GithubOutput => {
                let mask = |value| joined(&["::add-mask::", &quote::workflow_command(value), "\n"]);
                joined(&[&mask(token), &mask(url)])
            }
        };
        let file = match self {
            Self::GithubEnv => pair(&assignment),
            Self::GithubOutput => {
                joined(&[&assignment("token", token), &assignment("iframe_url", url)])
            }
            _ => Zeroizing::default(),
        };
        Ok(Rendered { stdout, file })
    }

    /// What a failed run prints on standard output: where it is evaluated, a statement that
    /// ends the evaluation with the exit code, which would be lost otherwise.
    pub fn failure(self, exit_code: u8) -> Option<String> {
        match self {
            Self::Env => Some(format!("(exit {exit_code});\n")),
            Self::Fish => Some(format!("sh -c 'exit {exit_code}';\n")),
            Self::Powershell => Some(format!(
                "& {{ $global:LASTEXITCODE = {exit_code}; \
                 throw 'smartextract failed with exit code {exit_code}' }};\n"
            )),
            _ => None,
        }
    }
}

/// The parts as one text, in a buffer that is wiped and never has to grow.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        text.push_str(part);
    }
    text
}

fn assignment(name: &str, value: &str) -> Zeroizing<String> {
    joined(&[name, "=", value, "\n"])
}

fn json(grant: &Grant) -> Zeroizing<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        token: &'a str,
        iframe_url: &'a str,
        environment: &'a str,
    }
    let line = Line {
        token: grant.token.expose(),
        iframe_url: grant.iframe_url.expose(),
        environment: &grant.environment,
    };
    let text = serde_json::to_string(&line).expect("strings are always JSON");
    joined(&[&Zeroizing::new(text), "\n"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_prints_what_the_contract_says() {
        let grant = Grant {
            token: Token::from(Zeroizing::new("a'b%".to_owned())),
            iframe_url: Token::from(Zeroizing::new("https://h/?t=a%27b%25&x=1".to_owned())),
            environment: "staging".to_owned(),
        };
        let env = "SMARTEXTRACT_TOKEN=a'b%\nSMARTEXTRACT_IFRAME_URL=https://h/?t=a%27b%25&x=1\n";
        let masks = "::add-mask::a'b%25\n::add-mask::https://h/?t=a%2527b%2525&x=1\n";
        let output = "token=a'b%\niframe_url=https://h/?t=a%27b%25&x=1\n";
        for (format, stdout, file) in [
            (Format::Token, "a'b%\n", ""),
            (
                Format::Json,
                "{\"token\":\"a'b%\",\"iframe_url\":\"https://h/?t=a%27b%25&x=1\",\
                 \"environment\":\"staging\"}\n",
                "",
            ),
            (Format::Url, "https://h/?t=a%27b%25&x=1\n", ""),
            (Format::Iframe, "<iframe src=\"https://h/?t=a%27b%25&amp;x=1\"></iframe>\n", ""),
            (
                Format::Env,
                "export SMARTEXTRACT_TOKEN='a'\\''b%';\n\
                 export SMARTEXTRACT_IFRAME_URL='https://h/?t=a%27b%25&x=1';\n",
                "",
            ),
            (
                Format::Fish,
                "set -gx SMARTEXTRACT_TOKEN 'a\\'b%';\n\
                 set -gx SMARTEXTRACT_IFRAME_URL 'https://h/?t=a%27b%25&x=1';\n",
                "",
            ),
            (
                Format::Powershell,
                "$Env:SMARTEXTRACT_TOKEN = 'a''b%';\n\
                 $Env:SMARTEXTRACT_IFRAME_URL = 'https://h/?t=a%27b%25&x=1';\n",
                "",
            ),
            (Format::GithubEnv, masks, env),
            (Format::GithubOutput, masks, output),
        ] {
            let rendered = format.render(&grant).unwrap();
            assert_eq!(&*rendered.stdout, stdout, "{format:?}");
            assert_eq!(&*rendered.file, file, "{format:?}");
        }
        assert!(Format::Dotenv.render(&grant).is_err(), "a quote means different things there");
    }
}
