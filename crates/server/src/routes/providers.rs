//! Providers that modules can be created from: `/api/v1/providers`.

use hookswitch_core::Error;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::phone::Written;
use hookswitch_script::Function;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiResult;
use hookswitch_core::modules::manifest::Setting;
use hookswitch_core::modules::templates::{self, Template, Unusable};

/// A provider to create modules from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// The value for `provider` in a new module.
    code: String,
    /// Display name.
    name: String,
    /// What it connects, in one sentence.
    description: String,
    /// Country of numbers without a country code, as ISO 3166-1 alpha-2.
    default_country: Option<String>,
    /// How it writes numbers without a plus sign.
    numbers: Written,
    /// Whether its script can dial an extension after a number.
    dials_extensions: bool,
    /// Settings that it declares.
    settings: Vec<Setting>,
    /// Names of the functions it implements.
    #[schema(value_type = Vec<String>)]
    functions: BTreeSet<Function>,
    /// Its folder in `modules_dir`; `null` for a built-in provider.
    folder: Option<String>,
}

impl Provider {
    fn new(template: &Template, functions: BTreeSet<Function>) -> Self {
        let manifest = &template.manifest;
        Self {
            code: manifest.code.clone(),
            name: manifest.name.clone(),
            description: manifest.description.clone(),
            default_country: manifest.default_country.clone(),
            numbers: manifest.numbers,
            dials_extensions: manifest.dials_extensions,
            settings: manifest.settings.clone(),
            functions,
            folder: template.folder.clone(),
        }
    }
}

/// Providers to create modules from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Providers {
    /// Built-in providers first, then those in `modules_dir`.
    items: Vec<Provider>,
    /// Always `null`: there is only one page.
    next_cursor: Option<String>,
    /// Folders in `modules_dir` that cannot be used.
    problems: Vec<FolderProblem>,
}

/// A folder in `modules_dir` that cannot be used.
#[derive(Serialize, ToSchema)]
struct FolderProblem {
    /// Name of the folder.
    folder: String,
    /// Why it cannot be used.
    error: String,
}

/// Lists the providers that modules can be created from: built-in ones and those in the server's `modules_dir`.
#[utoipa::path(get, path = "/api/v1/providers", tag = "modules", responses((status = 200, body = Providers)))]
pub async fn list_providers(State(app): State<Arc<App>>, _: Admin) -> ApiResult<axum::Json<Providers>> {
    let mut items = Vec::new();
    for template in templates::built_in() {
        let functions = templates::functions(&app.modules, template).await.map_err(Error::internal)?;
        items.push(Provider::new(template, functions));
    }
    templates::refresh(&app.modules, true).await;
    let (usable, unusable) = app.modules.templates.folders();
    items.extend(usable.into_iter().map(|(template, functions)| Provider::new(&template, functions)));
    let problem = |Unusable { folder, error, .. }: Unusable| FolderProblem { folder, error };
    let problems = unusable.into_iter().map(problem).collect();
    Ok(axum::Json(Providers { items, next_cursor: None, problems }))
}
