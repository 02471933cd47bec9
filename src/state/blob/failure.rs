//! What Blob storage said instead of yes, in terms of who has to do what.

use azure_core::error::ErrorKind;

use crate::net::identity::Identity;
use crate::state::account::BlobCredential;
use crate::state::store::StoreError;

/// Why a request had no effect.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no such blob.
    NoBlob,
    /// There is no such container.
    NoContainer,
    /// Somebody else got there first: the lease is theirs, or the blob is another one by now.
    Overtaken,
    /// Nothing a run can do about.
    Failed(StoreError),
}

impl Refusal {
    /// The error where `place` was expected to be there and nobody to be in the way.
    pub(super) fn into_error(self, place: &str) -> StoreError {
        let (problem, remedy) = match self {
            Refusal::Failed(failed) => return failed,
            Refusal::Overtaken => {
                return StoreError::Lost {
                    place: place.to_owned(),
                };
            }
            Refusal::NoBlob => ("it is not there", "the next run makes it anew"),
            Refusal::NoContainer => (
                "its container is not there",
                "the next run makes it anew; see who deletes it",
            ),
        };
        StoreError::Unavailable {
            place: place.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}

/// How requests are authorized: what to mend when they are not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    Key,
    Sas,
    ManagedIdentity,
    Developer,
}

impl From<&BlobCredential> for Access {
    fn from(credential: &BlobCredential) -> Access {
        match credential {
            BlobCredential::SharedKey { .. } => Access::Key,
            BlobCredential::Sas(_) => Access::Sas,
            BlobCredential::Identity(Identity::Managed { .. }) => Access::ManagedIdentity,
            BlobCredential::Identity(Identity::Developer) => Access::Developer,
        }
    }
}

impl Access {
    /// Reads the SDK's error of a request to `place`.
    pub(super) fn refusal(self, place: &str, error: &azure_core::Error) -> Refusal {
        let ErrorKind::HttpResponse {
            status, error_code, ..
        } = error.kind()
        else {
            return Refusal::Failed(self.unanswered(place, error));
        };
        let (status, code) = (
            u16::from(*status),
            error_code.as_deref().unwrap_or_default(),
        );
        match status {
            404 if code == "ContainerNotFound" => Refusal::NoContainer,
            404 if code == "BlobNotFound" => Refusal::NoBlob,
            412 => Refusal::Overtaken,
            409 if code.starts_with("Lease") || code.ends_with("AlreadyExists") => {
                Refusal::Overtaken
            }
            401 | 403 => Refusal::Failed(StoreError::Denied {
                place: place.to_owned(),
                problem: said(status, code),
                remedy: self.remedy(code),
            }),
            _ => Refusal::Failed(StoreError::Unavailable {
                place: place.to_owned(),
                problem: said(status, code),
                remedy: match status {
                    408 | 429 | 500.. => "storage is busy or ill: the next run tries again",
                    _ => "check AzureWebJobsStorage and the storage account it names",
                }
                .to_owned(),
            }),
        }
    }

    /// No answer came, or no token to ask with.
    fn unanswered(self, place: &str, error: &azure_core::Error) -> StoreError {
        let (place, problem) = (place.to_owned(), root_cause(error));
        match error.kind() {
            ErrorKind::Credential => StoreError::Denied {
                place,
                problem: format!("no token to ask with: {problem}"),
                remedy: self.remedy(""),
            },
            _ => StoreError::Unavailable {
                place,
                problem,
                remedy:
                    "check the storage account's name in AzureWebJobsStorage and the way there \
                         (DNS, firewall, private endpoint)"
                        .to_owned(),
            },
        }
    }

    fn remedy(self, code: &str) -> String {
        const ROLE: &str = "the role Storage Blob Data Contributor (or Owner) on the storage \
                            account; a new role takes some minutes to work";
        if code == "KeyBasedAuthenticationNotPermitted" {
            return format!(
                "the account takes no keys: set AzureWebJobsStorage__accountName and \
                 __credential=managedidentity instead, and give the identity {ROLE}"
            );
        }
        let mend = match self {
            Access::Key => "check AccountName and AccountKey in AzureWebJobsStorage (was the key \
                            rotated?) and this machine's clock"
                .to_owned(),
            Access::Sas => "check the SAS in AzureWebJobsStorage: its end, and that it allows \
                            read, create, write, list and delete on containers and blobs"
                .to_owned(),
            Access::ManagedIdentity => format!(
                "turn the function app's managed identity on (AzureWebJobsStorage__clientId names \
                 a user-assigned one) and give it {ROLE}"
            ),
            Access::Developer => format!("sign in (`az login`) as somebody who has {ROLE}"),
        };
        match code {
            "AuthorizationFailure" => {
                format!("let it through the storage account's network rules; else {mend}")
            }
            _ => mend,
        }
    }
}

fn said(status: u16, code: &str) -> String {
    format!("HTTP {status} {code}").trim_end().to_owned()
}

/// The innermost cause in one line: outer ones repeat the address, and an address may hold a SAS.
fn root_cause(error: &azure_core::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let line = cause.to_string();
    let line = line
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no reason given");
    without_queries(line.trim())
}

/// Cuts the query off every address in `text`.
fn without_queries(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_once('?') {
        Some((address, _)) if word.contains('=') || address.contains("://") => address,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::StatusCode;

    fn answered(access: Access, status: u16, code: &str) -> Refusal {
        let kind = ErrorKind::HttpResponse {
            status: StatusCode::from(status),
            error_code: (!code.is_empty()).then(|| code.to_owned()),
            raw_response: None,
        };
        access.refusal(
            "container okta-sentinel of account acme",
            &kind.into_error(),
        )
    }

    fn words(refusal: Refusal) -> String {
        refusal.into_error("a place").to_string()
    }

    #[test]
    fn a_missing_role_is_named_with_the_container() {
        let said = words(answered(
            Access::ManagedIdentity,
            403,
            "AuthorizationPermissionMismatch",
        ));
        for needed in [
            "container okta-sentinel of account acme",
            "HTTP 403 AuthorizationPermissionMismatch",
            "Storage Blob Data Contributor (or Owner)",
        ] {
            assert!(said.contains(needed), "{said}");
        }
        let said = words(answered(
            Access::Developer,
            403,
            "AuthorizationPermissionMismatch",
        ));
        assert!(said.contains("az login"), "{said}");
    }

    #[test]
    fn each_refusal_of_a_key_or_sas_names_what_to_mend() {
        let denied = |access, code| words(answered(access, 403, code));
        assert!(denied(Access::Key, "AuthenticationFailed").contains("AccountKey"));
        assert!(denied(Access::Sas, "AuthenticationFailed").contains("SAS"));
        assert!(
            denied(Access::Key, "KeyBasedAuthenticationNotPermitted").contains("__accountName")
        );
        assert!(denied(Access::Key, "AuthorizationFailure").contains("network rules"));
    }

    #[test]
    fn somebody_elses_lease_or_version_is_told_from_a_sick_service() {
        for (status, code) in [
            (412, "ConditionNotMet"),
            (412, "LeaseIdMissing"),
            (409, "LeaseAlreadyPresent"),
            (409, "BlobAlreadyExists"),
        ] {
            let refusal = answered(Access::Key, status, code);
            assert!(matches!(refusal, Refusal::Overtaken), "{code}");
        }
        for (status, code) in [
            (409, "ContainerBeingDeleted"),
            (503, "ServerBusy"),
            (400, ""),
            (404, ""),
        ] {
            let refusal = answered(Access::Key, status, code);
            let unavailable = StoreError::Unavailable {
                place: String::new(),
                problem: String::new(),
                remedy: String::new(),
            };
            assert!(
                matches!(&refusal, Refusal::Failed(failed) if std::mem::discriminant(failed) == std::mem::discriminant(&unavailable)),
                "{refusal:?}"
            );
        }
    }

    #[test]
    fn no_query_survives_in_a_message() {
        let told = without_queries("error sending request (https://a.b/c?sv=1&sig=abc%3D) why?");
        assert_eq!(told, "error sending request (https://a.b/c why?");
    }
}
