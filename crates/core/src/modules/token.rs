//! Webhook tokens, and notifying a module's script of a changed webhook URL.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookswitch_model::ModuleId;
use hookswitch_script::{CallContext, Function};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::create::reload;
use super::manifest;
use super::registry::Active;
use super::registry::Modules;
use super::run::log_failure;
use crate::clock::random;
use crate::error::Result;

/// Whether the script was notified of its webhook URL.
pub struct Notified {
    pub notified: bool,
    /// The message for the administrator.
    pub message: Option<String>,
}

/// Generates an unguessable token.
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(random::<24>())
}

/// The stored fingerprint of a webhook URL reported to a script. The URL itself contains the token, which is encrypted
/// at rest.
fn fingerprint(url: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(url))
}

/// Sets a new webhook token; the old one stops working immediately.
///
/// # Errors
/// 404 if there is no such module.
pub async fn rotate(modules: &Modules, id: ModuleId) -> Result<(Arc<Active>, Notified)> {
    modules.world.store.set_webhook_token(id, &new_token(), modules.world.clock.now()).await?;
    let active = reload(modules, id).await?;
    let notified = notify(modules, &active).await;
    Ok((active, notified))
}

/// Notifies a module's script of its webhook URL, if it implements the function.
pub async fn notify(modules: &Modules, active: &Active) -> Notified {
    let function = Function::OnWebhookUpdated;
    if !active.functions.contains(&function) {
        let message = "Set the new address at the provider: the module cannot do that itself.";
        return Notified { notified: false, message: Some(message.to_owned()) };
    }
    let url = modules.webhook_url(&active.module);
    match active.call(function, vec![json!(url)], CallContext::default()).await {
        Ok(_) => {
            if let Err(error) =
                modules.world.store.set_public_url_notified(active.module.id, Some(&fingerprint(&url))).await
            {
                tracing::error!(%error, "the notification of the module's webhook URL could not be stored");
            }
            Notified { notified: true, message: None }
        }
        Err(error) => {
            log_failure(modules, active, function, &error);
            let message = format!("The module could not set the new address at the provider: {error}");
            Notified { notified: false, message: Some(message) }
        }
    }
}

/// Notifies a module's script of its webhook URL in the background, if the URL changed since the last time and the
/// module has the settings it needs.
pub fn notify_if_changed(modules: &Arc<Modules>, active: &Arc<Active>) {
    let url = modules.webhook_url(&active.module);
    let knows = active.module.public_url_notified.as_deref() == Some(fingerprint(&url).as_str());
    let wants = active.functions.contains(&Function::OnWebhookUpdated);
    let can = active.module.enabled && manifest::missing(&active.settings, &active.values).is_empty();
    if knows || !wants || !can {
        return;
    }
    let (modules, active) = (Arc::clone(modules), Arc::clone(active));
    let tasks = modules.world.tasks.clone();
    tasks.spawn(async move {
        let told = notify(&modules, &active).await;
        if told.notified
            && let Err(error) = super::registry::reload(&modules, active.module.id).await
        {
            tracing::error!(%error, "the module could not be reloaded");
        }
    });
}
