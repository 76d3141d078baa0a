//! Checks what a script returned for a request; and why a request failed.

use hookswitch_model::contract::{self, ContractError, ParseResult, Warning};
use hookswitch_script::ScriptError;
use hookswitch_store::{RequestError, StoreError};
use serde_json::Value;
use thiserror::Error;

use super::answer::{self, Answer};

/// Why a request failed. It is stored, and can be replayed once the script is fixed.
#[derive(Debug, Clone, Error)]
pub enum Failure {
    /// The script threw, exceeded a limit, or does not exist.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The result breaks the contract.
    #[error("VoipParseWebhookRequest returned something that breaks the contract: {0}")]
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

    /// From an error of adding events to calls, caused by the events or the calls.
    ///
    /// # Errors
    /// Any other error: the database failed.
    pub fn of_calls(error: StoreError) -> Result<Self, StoreError> {
        match error {
            StoreError::Reduce(_) | StoreError::Corrupt(_) => Ok(Self::Call(error.to_string())),
            error => Err(error),
        }
    }

    /// In the format of the request log.
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

/// A script's result, its answer, and its warnings. Used by the server, `hookswitch module test` and the samples.
///
/// # Errors
/// The breach of the contract.
pub(crate) fn understood(value: Value) -> Result<(ParseResult, Answer, Vec<Warning>), Failure> {
    let mut result = contract::parse_result(value)?;
    let mut warnings = std::mem::take(&mut result.warnings);
    let answer = answer::of_script(result.response.take(), &mut warnings)?;
    Ok((result, answer, warnings))
}
