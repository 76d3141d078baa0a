//! What modules can be made from: `/api/v1/providers`.

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

/// A module to start from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// To be given as `provider` of a new module.
    code: String,
    /// The provider as people call it.
    name: String,
    /// One sentence: what it connects.
    description: String,
    /// ISO 3166-1 alpha-2: the country of numbers written without one.
    default_country: Option<String>,
    /// How it writes numbers that have no plus.
    numbers: Written,
    /// Whether its script dials the extension behind a number.
    dials_extensions: bool,
    /// What it must know.
    settings: Vec<Setting>,
    /// The functions it implements, by name.
    #[schema(value_type = Vec<String>)]
    functions: BTreeSet<Function>,
    /// The folder in `modules_dir` that it is read from; null for one that comes with the program.
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

/// The modules to start from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Providers {
    /// Those that come with the program, then those in `modules_dir`.
    items: Vec<Provider>,
    /// `cursor` of the next page: always null.
    next_cursor: Option<String>,
    /// The folders in `modules_dir` that cannot be used.
    problems: Vec<FolderProblem>,
}

/// A folder that cannot be used.
#[derive(Serialize, ToSchema)]
struct FolderProblem {
    /// Its name in `modules_dir`.
    folder: String,
    /// Why.
    error: String,
}

/// The modules to start from: those that come with the program, and those in the server's `modules_dir`.
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
