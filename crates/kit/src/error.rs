//! From a service's fact to what a client reads, and back.
//!
//! A service has one error enum. Each variant names one [`ErrorCode`] of the catalogue; this module alone builds
//! the [`Status`] (gRPC code + `ErrorInfo` with the public code as reason) and reads it again at the edge.

use std::collections::HashMap;

use halley_model::{ErrorCode, FieldError};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The `domain` of every `ErrorInfo`.
const DOMAIN: &str = "halley";

/// What a service's error enum tells of itself.
pub trait ServiceError: std::error::Error {
    /// The public code.
    fn code(&self) -> ErrorCode;

    /// The request's field at fault, by its public name.
    fn field(&self) -> Option<&str> {
        None
    }
}

/// An error as it is shown to a client: a code, a text, perhaps a field. Holds nothing internal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct PublicError {
    /// Its place in the catalogue.
    pub code: ErrorCode,
    /// For a person; clients don't parse it.
    pub message: String,
    /// The field at fault.
    pub field: Option<String>,
}

impl PublicError {
    /// An error without a field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// An error of one field.
    pub fn field(code: ErrorCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.into()) }
    }

    /// A fault of the server. The reason goes to the log under a reference; the client gets only the reference.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        let reference = format!("{:016x}", rand::random::<u64>());
        tracing::error!(%reason, %reference, "internal error");
        Self::new(ErrorCode::Exception, format!("Internal error, reference {reference}."))
    }

    /// What another service answered. A service that can't be reached, or took too long, is told apart.
    pub fn from_status(status: &Status) -> Self {
        if let Some(code) = public_code(status) {
            let field = status.get_error_details().error_info().and_then(|info| info.metadata.get("field").cloned());
            return Self { code, message: status.message().to_owned(), field };
        }
        match status.code() {
            Code::Unavailable => Self::new(ErrorCode::Unavailable, ErrorCode::Unavailable.meaning()),
            // tonic reports an expired deadline as Cancelled over a channel, as DeadlineExceeded in-process.
            Code::DeadlineExceeded | Code::Cancelled => Self::new(ErrorCode::Timeout, ErrorCode::Timeout.meaning()),
            Code::ResourceExhausted => Self::new(ErrorCode::TooManyRequests, ErrorCode::TooManyRequests.meaning()),
            _ => Self::internal(status),
        }
    }

    /// As a gRPC status with details.
    pub fn to_status(&self) -> Status {
        let metadata = match &self.field {
            Some(field) => HashMap::from([("field".to_owned(), field.clone())]),
            None => HashMap::new(),
        };
        let mut details = ErrorDetails::with_error_info(self.code.as_str(), DOMAIN, metadata);
        if let Some(field) = &self.field {
            details.add_bad_request_violation(field, &self.message);
        }
        Status::with_error_details(grpc_code(self.code), &self.message, details)
    }
}

impl From<PublicError> for Status {
    fn from(error: PublicError) -> Self {
        error.to_status()
    }
}

impl From<&Status> for PublicError {
    fn from(status: &Status) -> Self {
        Self::from_status(status)
    }
}

impl From<Status> for PublicError {
    fn from(status: Status) -> Self {
        Self::from_status(&status)
    }
}

impl From<FieldError> for PublicError {
    fn from(error: FieldError) -> Self {
        let message = error.to_string();
        Self::field(ErrorCode::BadRequest, error.field, message)
    }
}

/// The public form of a service's error. An internal one is logged here, once, and hidden.
pub fn public(error: &impl ServiceError) -> PublicError {
    if error.code() == ErrorCode::Exception {
        return PublicError::internal(Chain(error));
    }
    PublicError { code: error.code(), message: error.to_string(), field: error.field().map(ToOwned::to_owned) }
}

/// A service's error as the status it answers.
pub fn status(error: &impl ServiceError) -> Status {
    public(error).to_status()
}

/// The public code in a status, if one of our services made it.
pub fn public_code(status: &Status) -> Option<ErrorCode> {
    let details = status.get_error_details();
    let info = details.error_info()?;
    if info.domain == DOMAIN { ErrorCode::parse(&info.reason) } else { None }
}

fn grpc_code(code: ErrorCode) -> Code {
    Code::from_i32(code.grpc() as i32)
}

/// Prints an error with its causes.
struct Chain<'a, E>(&'a E);

impl<E: std::error::Error> std::fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_error_survives_the_wire() {
        for code in ErrorCode::ALL {
            let sent = PublicError::field(*code, "data.text", "why");
            assert_eq!(PublicError::from_status(&sent.to_status()), sent);
        }
    }

    #[test]
    fn an_expired_deadline_has_one_face() {
        let local = PublicError::from_status(&Status::deadline_exceeded("x"));
        let remote = PublicError::from_status(&Status::cancelled("Timeout expired"));
        assert_eq!(local, remote);
        assert_eq!(local.code, ErrorCode::Timeout);
    }
}
