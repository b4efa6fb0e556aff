//! What can be wrong with a file.

use halley_kit::{PublicError, ServiceError, error};
use halley_model::ErrorCode;

/// Why a file was not taken or not given.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The store failed.
    #[error("the media store: {0}")]
    Store(#[from] object_store::Error),
    /// A file could not be written to the end.
    #[error("the media store: {0}")]
    Write(std::io::Error),
    /// The whole body is over the limit.
    #[error("The body must not be larger than {0} bytes.")]
    BodyTooLarge(u64),
    /// One file is over what it may have.
    #[error("The file must not be larger than {0} bytes.")]
    FileTooLarge(u64),
    /// One file has another size than it was announced with.
    #[error("The file has {found} bytes, but was announced with {announced}.")]
    OtherSize {
        /// As signed.
        announced: u64,
        /// As received.
        found: u64,
    },
    /// The user has uploaded as much as a user may on a day.
    #[error("A user must not upload more than {0} bytes on a day.")]
    DailyLimit(u64),
    /// Too many files in one request.
    #[error("There must not be more than {0} files.")]
    TooManyFiles(usize),
    /// Too many parts, or too long ones, beside the files.
    #[error("The form's fields are too many or too long.")]
    FieldsTooLarge,
    /// The body is no form.
    #[error("The body can't be read as multipart/form-data: {0}.")]
    Form(String),
    /// No byte came for too long.
    #[error("No byte of the body came for {0} s.")]
    Stalled(u64),
    /// A field of the form is wrong.
    #[error("{field} {problem}.")]
    Field {
        /// Which.
        field: String,
        /// What about it.
        problem: String,
        /// The code that belongs to it.
        code: ErrorCode,
    },
    /// Files of that type are not taken.
    #[error("Files of the type {0} are not accepted.")]
    Denied(String),
    /// The content is not what it is given out for.
    #[error("The file's content is not of the type {0}.")]
    Disguised(String),
    /// The name is none of a plain file.
    #[error("The file's name must be a plain one of at most {0} characters, without a path.")]
    FileName(usize),
    /// There is no such file.
    #[error("There is no such file.")]
    NotFound,
    /// The permission to upload is over.
    #[error("The permission to upload this file has expired: ask for another.")]
    Expired,
    /// The permission to upload is none of this server's.
    #[error("The fields to upload with are not as this server gave them.")]
    Forged,
    /// The permission has been used.
    #[error("The file is there already, or is being uploaded.")]
    Used,
    /// As many uploads as may run are running.
    #[error("Too many uploads are running: try again.")]
    Busy,
}

impl MediaError {
    /// A wrong field.
    pub fn field(code: ErrorCode, field: impl Into<String>, problem: &str) -> Self {
        Self::Field { field: field.into(), problem: problem.to_owned(), code }
    }
}

impl ServiceError for MediaError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(_) | Self::Write(_) => ErrorCode::Exception,
            Self::BodyTooLarge(_) | Self::FieldsTooLarge => ErrorCode::PayloadTooLarge,
            Self::FileTooLarge(_) => ErrorCode::FileSizeExceeded,
            Self::DailyLimit(_) => ErrorCode::QuotaRestriction,
            Self::TooManyFiles(_) => ErrorCode::FileCountExceeded,
            Self::Form(_) => ErrorCode::BadRequest,
            Self::Stalled(_) => ErrorCode::Timeout,
            Self::Field { code, .. } => *code,
            Self::Denied(_) | Self::Disguised(_) | Self::FileName(_) | Self::OtherSize { .. } => {
                ErrorCode::InvalidMediaMessage
            }
            Self::NotFound => ErrorCode::MediaNotFound,
            Self::Expired => ErrorCode::UploadExpired,
            Self::Forged | Self::Used => ErrorCode::UploadNotAllowed,
            Self::Busy => ErrorCode::Unavailable,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. } => Some(field),
            Self::Denied(_)
            | Self::Disguised(_)
            | Self::FileName(_)
            | Self::FileTooLarge(_)
            | Self::DailyLimit(_)
            | Self::TooManyFiles(_)
            | Self::OtherSize { .. } => Some("files"),
            _ => None,
        }
    }
}

impl From<MediaError> for PublicError {
    fn from(error: MediaError) -> Self {
        error::public(&error)
    }
}
