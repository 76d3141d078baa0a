//! What a script returned for a request, checked; and why a request failed.

use hookswitch_model::contract::{self, ContractError, ParseResult, Warning};
use hookswitch_script::ScriptError;
use hookswitch_store::{RequestError, StoreError};
use serde_json::Value;
use thiserror::Error;

use super::answer::{self, Answer};

/// Why a request failed. It is kept, and can be replayed once the script is mended.
#[derive(Debug, Clone, Error)]
pub enum Failure {
    /// The script threw, ran over a limit, or is not there.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// What it returned breaks the contract.
    #[error("what VoipParseWebhookRequest returned breaks the contract: {0}")]
    Contract(#[from] ContractError),
    /// Its events could not be added to their call.
    #[error("{0}")]
    Call(String),
}

impl Failure {
    /// A breach of the contract at `path`.
    pub fn contract(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Contract(ContractError { path: path.into(), problem: problem.into() })
    }

    /// Of events that could not be added to their calls: because of what they say, or of what the calls are.
    ///
    /// # Errors
    /// What is neither: the database failed.
    pub fn of_calls(error: StoreError) -> Result<Self, StoreError> {
        match error {
            StoreError::Reduce(_) | StoreError::Corrupt(_) => Ok(Self::Call(error.to_string())),
            error => Err(error),
        }
    }

    /// As the log of requests keeps it.
    pub fn to_request_error(&self) -> RequestError {
        let position = match self {
            Self::Script(error) => error.position(),
            _ => None,
        };
        RequestError {
            code: match self {
                Self::Script(error) => error.code().to_owned(),
                Self::Contract(_) => "contract".to_owned(),
                Self::Call(_) => "call".to_owned(),
            },
            message: self.to_string(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            path: match self {
                Self::Contract(error) => Some(error.path.clone()),
                _ => None,
            },
        }
    }
}

/// What a script's result says, the answer in it, and what is amiss without making it fail. The server, `hookswitch module test`
/// and the samples read results with this.
///
/// # Errors
/// What breaks the contract.
pub fn understood(value: Value) -> Result<(ParseResult, Answer, Vec<Warning>), Failure> {
    let mut result = contract::parse_result(value)?;
    let mut warnings = std::mem::take(&mut result.warnings);
    let answer = answer::of_script(result.response.take(), &mut warnings)?;
    Ok((result, answer, warnings))
}
