//! What Blob storage said instead of yes, in terms of who has to do what.

use azure_core::error::ErrorKind;

use crate::net::http::root_cause;
use crate::net::identity::Identity;
use crate::state::account::BlobCredential;
use crate::state::store::StoreError;

/// Why a request had no effect, and the error for whoever cannot go on from there.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    error: StoreError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no such blob.
    NoBlob,
    /// There is no such container.
    NoContainer,
    /// Somebody else got there first: the lease is theirs, or the blob is another one by now.
    Overtaken,
    /// Nothing a run can do about.
    Failed,
}

impl Refusal {
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.reason, Reason::NoBlob | Reason::NoContainer)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        let reason = Reason::Failed;
        Refusal { reason, error }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> StoreError {
        refusal.error
    }
}

const ROLE: &str = "the role Storage Blob Data Contributor (or Owner) on the storage account; a \
                    new role takes some minutes to work";

/// What to mend when requests are not authorized, by the way they are.
pub(super) struct Access(String);

impl From<&BlobCredential> for Access {
    fn from(credential: &BlobCredential) -> Access {
        Access(match credential {
            BlobCredential::SharedKey { .. } => {
                "check AccountName and AccountKey in AzureWebJobsStorage (was the key rotated?) \
                 and this machine's clock"
                    .to_owned()
            }
            BlobCredential::Sas(_) => {
                "check the SAS in AzureWebJobsStorage: its end, and that it allows read, create, \
                 write, list and delete on containers and blobs"
                    .to_owned()
            }
            BlobCredential::Identity(Identity::Managed { .. }) => format!(
                "turn the function app's managed identity on (AzureWebJobsStorage__clientId names \
                 a user-assigned one) and give it {ROLE}"
            ),
            BlobCredential::Identity(Identity::Developer) => {
                format!("sign in (`az login`) as somebody who has {ROLE}")
            }
        })
    }
}

impl Access {
    /// Reads the SDK's error of a request to `place`.
    pub(super) fn refusal(&self, place: &str, error: &azure_core::Error) -> Refusal {
        let ErrorKind::HttpResponse {
            status, error_code, ..
        } = error.kind()
        else {
            return self.unanswered(place, error).into();
        };
        let code = error_code.as_deref().unwrap_or_default();
        let status = u16::from(*status);
        let said = format!("HTTP {status} {code}").trim_end().to_owned();
        let (reason, problem, remedy) = match status {
            404 if code == "ContainerNotFound" => (
                Reason::NoContainer,
                "its container is not there",
                "the next run makes it anew; see who deletes it",
            ),
            404 if code == "BlobNotFound" => (
                Reason::NoBlob,
                "it is not there",
                "the next run makes it anew",
            ),
            _ if is_overtaken(status, code) => {
                let error = StoreError::Lost {
                    place: place.to_owned(),
                };
                let reason = Reason::Overtaken;
                return Refusal { reason, error };
            }
            401 | 403 => return self.denied(place, said, code).into(),
            408 | 429 | 500.. => (
                Reason::Failed,
                said.as_str(),
                "storage is busy or ill: the next run tries again",
            ),
            _ => (
                Reason::Failed,
                said.as_str(),
                "check AzureWebJobsStorage and the storage account it names",
            ),
        };
        let error = StoreError::unavailable(place, problem, remedy);
        Refusal { reason, error }
    }

    /// No answer came, or no token to ask with.
    fn unanswered(&self, place: &str, error: &azure_core::Error) -> StoreError {
        let problem = one_line(&root_cause(error));
        match error.kind() {
            ErrorKind::Credential => {
                self.denied(place, format!("no token to ask with: {problem}"), "")
            }
            _ => StoreError::unavailable(
                place,
                problem,
                "check the storage account's name in AzureWebJobsStorage and the way there \
                 (DNS, firewall, private endpoint)",
            ),
        }
    }

    fn denied(&self, place: &str, problem: String, code: &str) -> StoreError {
        StoreError::Denied {
            place: place.to_owned(),
            problem,
            remedy: self.remedy(code),
        }
    }

    fn remedy(&self, code: &str) -> String {
        let Access(mend) = self;
        match code {
            "KeyBasedAuthenticationNotPermitted" => format!(
                "the account takes no keys: set AzureWebJobsStorage__accountName and \
                 __credential=managedidentity instead, and give the identity {ROLE}"
            ),
            "AuthorizationFailure" => {
                format!("let it through the storage account's network rules; else {mend}")
            }
            _ => mend.clone(),
        }
    }
}

/// Whether the lease is somebody else's, or the blob another one by now.
fn is_overtaken(status: u16, code: &str) -> bool {
    status == 412 || status == 409 && (code.starts_with("Lease") || code.ends_with("AlreadyExists"))
}

/// The first line that says something, less every query: an address may hold a SAS.
fn one_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    without_queries(line.unwrap_or("no reason given").trim())
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

    fn answered(credential: &BlobCredential, status: u16, code: &str) -> Refusal {
        let kind = ErrorKind::HttpResponse {
            status: StatusCode::from(status),
            error_code: (!code.is_empty()).then(|| code.to_owned()),
            raw_response: None,
        };
        Access::from(credential).refusal(
            "container okta-sentinel of account acme",
            &kind.into_error(),
        )
    }

    fn key() -> BlobCredential {
        BlobCredential::SharedKey {
            account: "acme".to_owned(),
            key: String::new().into(),
        }
    }

    fn words(refusal: Refusal) -> String {
        StoreError::from(refusal).to_string()
    }

    #[test]
    fn a_missing_role_is_named_with_the_container() {
        let said = words(answered(
            &BlobCredential::Identity(Identity::Managed { client_id: None }),
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
            &BlobCredential::Identity(Identity::Developer),
            403,
            "AuthorizationPermissionMismatch",
        ));
        assert!(said.contains("az login"), "{said}");
    }

    #[test]
    fn each_refusal_of_a_key_or_sas_names_what_to_mend() {
        let denied = |access: &BlobCredential, code| words(answered(access, 403, code));
        assert!(denied(&key(), "AuthenticationFailed").contains("AccountKey"));
        assert!(
            denied(
                &BlobCredential::Sas(String::new().into()),
                "AuthenticationFailed"
            )
            .contains("SAS")
        );
        assert!(denied(&key(), "KeyBasedAuthenticationNotPermitted").contains("__accountName"));
        assert!(denied(&key(), "AuthorizationFailure").contains("network rules"));
    }

    #[test]
    fn somebody_elses_lease_or_version_is_told_from_a_sick_service() {
        for (status, code) in [
            (412, "ConditionNotMet"),
            (412, "LeaseIdMissing"),
            (409, "LeaseAlreadyPresent"),
            (409, "BlobAlreadyExists"),
        ] {
            let refusal = answered(&key(), status, code);
            assert!(refusal.reason == Reason::Overtaken, "{code}");
        }
        for (status, code) in [
            (409, "ContainerBeingDeleted"),
            (503, "ServerBusy"),
            (400, ""),
            (404, ""),
        ] {
            let refusal = answered(&key(), status, code);
            assert_eq!(refusal.reason, Reason::Failed, "{code}");
            let error = StoreError::from(refusal);
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        }
    }

    #[test]
    fn no_query_survives_in_a_message() {
        let told = without_queries("error sending request (https://a.b/c?sv=1&sig=abc%3D) why?");
        assert_eq!(told, "error sending request (https://a.b/c why?");
    }
}
