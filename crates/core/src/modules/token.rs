//! Webhook tokens, and telling a module's script that its webhook URL changed.

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

/// Whether the script heard of its webhook URL.
pub struct Notified {
    /// It did.
    pub notified: bool,
    /// What to tell the administrator.
    pub message: Option<String>,
}

/// A new unguessable token.
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(random::<24>())
}

/// What is kept of a webhook URL that a script was told. The URL itself has the token in it, which is encrypted at rest.
fn fingerprint(url: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(url))
}

/// Gives a module a new webhook token; the old one stops working at once.
///
/// # Errors
/// 404 where there is no such module.
pub async fn rotate(modules: &Modules, id: ModuleId) -> Result<(Arc<Active>, Notified)> {
    modules.world.store.set_webhook_token(id, &new_token(), modules.world.clock.now()).await?;
    let active = reload(modules, id).await?;
    let notified = notify(modules, &active).await;
    Ok((active, notified))
}

/// Tells a module's script its webhook URL, where it wants to know.
pub async fn notify(modules: &Modules, active: &Active) -> Notified {
    let function = Function::OnWebhookUpdated;
    if !active.functions.contains(&function) {
        let message = "Set the new address at the provider: the module does not do that itself.";
        return Notified { notified: false, message: Some(message.to_owned()) };
    }
    let url = modules.webhook_url(&active.module);
    match active.call(function, vec![json!(url)], CallContext::default()).await {
        Ok(_) => {
            if let Err(error) =
                modules.world.store.set_public_url_notified(active.module.id, Some(&fingerprint(&url))).await
            {
                tracing::error!(%error, "that the module knows its webhook URL could not be kept");
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

/// Tells a module's script its webhook URL in the background, where that is another than it was told last and the module
/// has what it needs for it.
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
            tracing::error!(%error, "the module could not be read again");
        }
    });
}
