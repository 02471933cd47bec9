//! One access token for many calls: renewed ahead of its end by one caller while the others wait,
//! and dropped once a server refuses it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

/// After a renewal failed, how long the unexpired token is used before the next try.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// A token and its times, as its issuer gave them.
#[derive(Debug)]
pub(crate) struct Issued<T> {
    pub(crate) token: Arc<T>,
    pub(crate) renew_at: SystemTime,
    pub(crate) expires_at: SystemTime,
}

/// The token of one identity. `T` is what a request is signed with.
#[derive(Debug)]
pub(crate) struct TokenCache<T>(Mutex<Option<Issued<T>>>);

impl<T> Default for TokenCache<T> {
    fn default() -> Self {
        TokenCache(Mutex::default())
    }
}

impl<T> TokenCache<T> {
    /// The cached token until it is to be renewed, then a new one by `request`. Where `request`
    /// fails, an unexpired token is used on: the time until it expires is for trying again.
    pub(crate) async fn get<E>(
        &self,
        now: SystemTime,
        request: impl Future<Output = Result<Issued<T>, E>>,
    ) -> Result<Arc<T>, E> {
        // Held while a token is requested, so that no two callers do.
        let mut cached = self.0.lock().await;
        if let Some(cached) = &*cached
            && now < cached.renew_at
        {
            return Ok(Arc::clone(&cached.token));
        }
        match (request.await, &mut *cached) {
            (Ok(issued), cached) => {
                let token = Arc::clone(&issued.token);
                *cached = Some(issued);
                Ok(token)
            }
            (Err(_), Some(cached)) if now < cached.expires_at => {
                cached.renew_at = now + RENEWAL_PAUSE;
                Ok(Arc::clone(&cached.token))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Drops a token that the server refused, unless another has replaced it by now.
    pub(crate) async fn forget(&self, refused: &Arc<T>) {
        let mut cached = self.0.lock().await;
        cached.take_if(|cached| Arc::ptr_eq(&cached.token, refused));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// A token that is to be renewed at 80 and ends at 100.
    async fn issue(token: u32) -> Result<Issued<u32>, &'static str> {
        Ok(Issued {
            token: Arc::new(token),
            renew_at: at(80),
            expires_at: at(100),
        })
    }

    async fn fail() -> Result<Issued<u32>, &'static str> {
        Err("no token")
    }

    #[tokio::test]
    async fn a_token_is_requested_once_and_renewed_when_due() {
        let cache = TokenCache::default();
        assert_eq!(*cache.get(at(0), issue(1)).await.unwrap(), 1);
        assert_eq!(*cache.get(at(79), issue(2)).await.unwrap(), 1);
        assert_eq!(*cache.get(at(80), issue(3)).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_failed_renewal_fails_the_caller_only_once_the_token_has_expired() {
        let cache = TokenCache::default();
        cache.get(at(0), issue(1)).await.unwrap();
        assert_eq!(*cache.get(at(80), fail()).await.unwrap(), 1);
        assert_eq!(*cache.get(at(99), issue(2)).await.unwrap(), 1);
        assert_eq!(cache.get(at(110), fail()).await, Err("no token"));
    }

    #[tokio::test]
    async fn callers_at_once_share_one_request() {
        let cache = TokenCache::default();
        let slow = async {
            tokio::task::yield_now().await;
            issue(1).await
        };
        let (first, second) = tokio::join!(cache.get(at(0), slow), cache.get(at(0), issue(2)));
        assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
    }

    #[tokio::test]
    async fn only_the_token_that_was_refused_is_forgotten() {
        let cache = TokenCache::default();
        let old = cache.get(at(0), issue(1)).await.unwrap();
        cache.forget(&old).await;
        assert_eq!(*cache.get(at(0), issue(2)).await.unwrap(), 2);
        cache.forget(&old).await;
        assert_eq!(*cache.get(at(0), issue(3)).await.unwrap(), 2);
    }
}
