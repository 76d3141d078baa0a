//! The demo PBX's webhooks: in order for each call, tried again for a while, then dropped and counted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use ring::hmac;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::event::{Event, EventKind};

/// Events of one call that may wait.
const MAX_WAITING: usize = 256;
/// Pauses between the tries to deliver one event; after the last it is dropped.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];
/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Carries `sha256=` and the hexadecimal HMAC-SHA256 of the body.
pub const SIGNATURE_HEADER: &str = "x-pbx-signature";

/// How the deliveries went.
#[derive(Debug, Default)]
pub struct Counts {
    delivered: AtomicU64,
    retried: AtomicU64,
    dropped: AtomicU64,
}

/// [`Counts`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Events that were taken.
    pub delivered: u64,
    /// Tries that had to be repeated.
    pub retried: u64,
    /// Events given up.
    pub dropped: u64,
}

/// Sends events to the webhook address.
#[derive(Debug)]
pub struct Outbox {
    delivery: Arc<Delivery>,
    queues: Mutex<HashMap<String, Sender<Event>>>,
}

#[derive(Debug)]
struct Delivery {
    url: RwLock<Option<String>>,
    key: hmac::Key,
    client: Client,
    counts: Counts,
}

impl Outbox {
    /// An outbox that signs with `secret`. Without an address, events are dropped.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(url: Option<String>, secret: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let client = Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .tls_backend_preconfigured(tls()?)
            .build()?;
        let delivery = Delivery {
            url: RwLock::new(url),
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            client,
            counts: Counts::default(),
        };
        Ok(Self { delivery: Arc::new(delivery), queues: Mutex::default() })
    }

    /// Sends what comes from now on to that address.
    pub fn set_url(&self, url: String) {
        *self.delivery.url.write().unwrap_or_else(PoisonError::into_inner) = Some(url);
    }

    /// Sends events, those of one call one after another. Returns at once.
    pub fn send(&self, events: Vec<Event>) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<_> =
            events.iter().filter(|e| e.event == EventKind::Ended).map(|e| e.call_id.clone()).collect();
        for event in events {
            let queue = queues.entry(event.call_id.clone()).or_insert_with(|| {
                let (queue, waiting) = mpsc::channel(MAX_WAITING);
                tokio::spawn(self.delivery.clone().deliver_all(waiting));
                queue
            });
            if queue.try_send(event).is_err() {
                self.delivery.counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        // Without its sender a queue ends once it is empty.
        over.iter().for_each(|call| drop(queues.remove(call)));
    }

    /// How the deliveries went so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &self.delivery.counts;
        Counted {
            delivered: count(&counts.delivered),
            retried: count(&counts.retried),
            dropped: count(&counts.dropped),
        }
    }
}

impl Delivery {
    async fn deliver_all(self: Arc<Self>, mut waiting: Receiver<Event>) {
        while let Some(event) = waiting.recv().await {
            let counter =
                if self.deliver(&event).await { &self.counts.delivered } else { &self.counts.dropped };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn deliver(&self, event: &Event) -> bool {
        let Ok(body) = serde_json::to_string(event) else { return false };
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            let url = self.url.read().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(url) = url else { return false };
            match self.post(url, body.clone()).await {
                Ok(status) if status.is_success() => return true,
                // It will not be taken later either.
                Ok(status) if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                    tracing::warn!(%status, call = event.call_id, "the webhook refused an event of the demo PBX");
                    return false;
                }
                Ok(status) => {
                    tracing::info!(%status, call = event.call_id, "the webhook did not take an event")
                }
                Err(error) => {
                    tracing::info!(%error, call = event.call_id, "the webhook could not be reached")
                }
            }
            if let Some(pause) = pause {
                self.counts.retried.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(pause).await;
            }
        }
        false
    }

    async fn post(&self, url: String, body: String) -> reqwest::Result<StatusCode> {
        let signature = format!("sha256={}", hex::encode(hmac::sign(&self.key, body.as_bytes())));
        let request = self.client.post(url).header("content-type", "application/json");
        Ok(request.header(SIGNATURE_HEADER, signature).body(body).send().await?.status())
    }
}

/// Certificates are checked against the machine's own store.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}
