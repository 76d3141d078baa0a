//! Lists of outcome codes.

use hookswitch_core::Error;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_model::{ModuleId, OutcomeId, OutcomeListId};
use hookswitch_store::{AuditAction, AuditChange, OutcomeCode, OutcomeList};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path};
use hookswitch_core::FieldError;
use hookswitch_core::audit::change;
use hookswitch_core::clock;

const MAX_LISTS: usize = 100;
const MAX_CODES: usize = 100;
/// Longest name and label, in characters.
const MAX_NAME: usize = 100;

/// The outcomes that operators choose from.
#[derive(Serialize, ToSchema)]
pub struct OutcomeLists {
    /// Oldest first.
    items: Vec<OutcomeList>,
}

/// A list to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOutcomeList {
    /// 1 to 100 characters, unique among lists.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Whether answered calls need an outcome.
    required: bool,
    /// The modules whose calls it is for, each in only one list; empty for every module that no other list names.
    module_ids: Vec<ModuleId>,
    /// 1 to 100 codes, in display order.
    #[schema(min_items = 1, max_items = 100)]
    codes: Vec<SaveOutcomeCode>,
}

/// Changes to a list; omitted fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateOutcomeList {
    /// 1 to 100 characters, unique among lists.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Whether answered calls need an outcome.
    required: Option<bool>,
    /// The modules whose calls it is for, each in only one list; empty for every module that no other list names.
    module_ids: Option<Vec<ModuleId>>,
    /// All codes, in display order. An omitted code is no longer offered, but stays on calls.
    #[schema(min_items = 1, max_items = 100)]
    codes: Option<Vec<SaveOutcomeCode>>,
}

/// A code in a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveOutcomeCode {
    /// Id of an existing code; omit it for a new one.
    id: Option<OutcomeId>,
    /// 1 to 100 characters, unique in the list.
    #[schema(min_length = 1, max_length = 100)]
    label: String,
}

/// Lists the outcome lists in use.
#[utoipa::path(get, path = "/api/v1/outcome-lists", tag = "outcomes", responses(
    (status = 200, body = OutcomeLists),
))]
pub async fn list_outcome_lists(State(app): State<Arc<App>>, _: SignedIn) -> axum::Json<OutcomeLists> {
    axum::Json(OutcomeLists { items: app.catalog.outcomes.lists() })
}

/// Creates an outcome list.
#[utoipa::path(post, path = "/api/v1/outcome-lists", tag = "outcomes", request_body = CreateOutcomeList, responses(
    (status = 201, body = OutcomeList),
))]
pub async fn create_outcome_list(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Json(body): Json<CreateOutcomeList>,
) -> ApiResult<(StatusCode, axum::Json<OutcomeList>)> {
    if app.catalog.outcomes.lists().len() >= MAX_LISTS {
        let detail = format!("There are already {MAX_LISTS} lists. Delete an unused one first.");
        return Err(Error::conflict("tooManyLists", detail).into());
    }
    let new = OutcomeList {
        id: OutcomeListId::new(app.clock.now(), clock::random()),
        name: String::new(),
        required: body.required,
        module_ids: Vec::new(),
        codes: Vec::new(),
    };
    let changes = UpdateOutcomeList {
        name: Some(body.name),
        required: None,
        module_ids: Some(body.module_ids),
        codes: Some(body.codes),
    };
    let made = save(&app, new.clone(), changes).await?;
    let about = differences(&app, &new, &made);
    app.audit.record_of(user.id, AuditAction::OutcomeListCreated, made.name.as_str(), about).await;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Updates an outcome list.
#[utoipa::path(
    patch,
    path = "/api/v1/outcome-lists/{id}",
    tag = "outcomes",
    params(("id" = OutcomeListId, Path)),
    request_body = UpdateOutcomeList,
    responses((status = 200, body = OutcomeList)),
)]
pub async fn update_outcome_list(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<OutcomeListId>,
    Json(body): Json<UpdateOutcomeList>,
) -> ApiResult<axum::Json<OutcomeList>> {
    let list = app.catalog.outcomes.lists().into_iter().find(|list| list.id == id).ok_or_else(no_list)?;
    let saved = save(&app, list.clone(), body).await?;
    let changes = differences(&app, &list, &saved);
    if !changes.is_empty() {
        app.audit.record_of(user.id, AuditAction::OutcomeListChanged, saved.name.as_str(), changes).await;
    }
    Ok(axum::Json(saved))
}

/// Deletes an outcome list: it and its codes are no longer offered. Calls keep their outcomes.
#[utoipa::path(
    delete,
    path = "/api/v1/outcome-lists/{id}",
    tag = "outcomes",
    params(("id" = OutcomeListId, Path)),
    responses((status = 204, description = "deleted")),
)]
pub async fn delete_outcome_list(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<OutcomeListId>,
) -> ApiResult<StatusCode> {
    let list = app.catalog.outcomes.lists().into_iter().find(|list| list.id == id).ok_or_else(no_list)?;
    if !app.store.archive_outcome_list(id, app.clock.now()).await? {
        return Err(no_list());
    }
    app.catalog.outcomes.reload(&app.store).await?;
    app.audit.record_of(user.id, AuditAction::OutcomeListDeleted, list.name, Vec::new()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the differences in readable form, for the audit trail.
fn differences(app: &App, before: &OutcomeList, after: &OutcomeList) -> Vec<AuditChange> {
    let words = |list: &OutcomeList| {
        let codes: Vec<_> = list.codes.iter().map(|code| code.label.as_str()).collect();
        let modules = list.module_ids.iter().filter_map(|id| app.modules.get(*id));
        let modules: Vec<_> = modules.map(|active| active.module.name.clone()).collect();
        let some = |text: String| (!text.is_empty()).then_some(text);
        [
            ("name", some(list.name.clone())),
            ("required", Some(if list.required { "yes" } else { "no" }.to_owned())),
            ("modules", some(modules.join(", "))),
            ("codes", some(codes.join(", "))),
        ]
    };
    let fields = words(before).into_iter().zip(words(after));
    fields.filter_map(|((field, from), (_, to))| change(field, from, to)).collect()
}

async fn save(app: &App, mut list: OutcomeList, changes: UpdateOutcomeList) -> ApiResult<OutcomeList> {
    let others: Vec<_> =
        app.catalog.outcomes.lists().into_iter().filter(|other| other.id != list.id).collect();
    let UpdateOutcomeList { name, required, module_ids, codes } = changes;
    if let Some(name) = name {
        list.name = short("name", &name)?;
        let taken = others.iter().any(|other| same(&other.name, &list.name));
        unless(taken, "name", || format!("There is already a list “{}”. Choose another name.", list.name))?;
    }
    if let Some(module_ids) = module_ids {
        list.module_ids = checked_modules(app, &list.module_ids, module_ids, &others)?;
    }
    if let Some(codes) = codes {
        list.codes = checked_codes(app, &list.codes, codes)?;
    }
    list.required = required.unwrap_or(list.required);
    if !app.store.save_outcome_list(&list, app.clock.now()).await? {
        return Err(no_list());
    }
    app.catalog.outcomes.reload(&app.store).await?;
    Ok(list)
}

fn checked_modules(
    app: &App,
    before: &[ModuleId],
    asked: Vec<ModuleId>,
    others: &[OutcomeList],
) -> ApiResult<Vec<ModuleId>> {
    if asked.is_empty()
        && let Some(other) = others.iter().find(|other| other.module_ids.is_empty())
    {
        let detail =
            format!("The list “{}” is already for all modules. Choose the modules of this one.", other.name);
        return Err(Error::invalid("moduleIds", detail).into());
    }
    for (at, module) in asked.iter().enumerate() {
        let path = format!("moduleIds[{at}]");
        // A module deleted since then may stay.
        let unknown = app.modules.get(*module).is_none() && !before.contains(module);
        unless(unknown, &path, || "There is no such module. Choose an existing one.".to_owned())?;
        unless(asked[..at].contains(module), &path, || "List each module only once.".to_owned())?;
        if let Some(other) = others.iter().find(|other| other.module_ids.contains(module)) {
            let detail = format!("The list “{}” is already for this module.", other.name);
            return Err(Error::invalid(path, detail).into());
        }
    }
    Ok(asked)
}

fn checked_codes(
    app: &App,
    before: &[OutcomeCode],
    asked: Vec<SaveOutcomeCode>,
) -> ApiResult<Vec<OutcomeCode>> {
    let wrong_number = !(1..=MAX_CODES).contains(&asked.len());
    unless(wrong_number, "codes", || format!("Enter 1 to {MAX_CODES} codes."))?;
    let mut codes: Vec<OutcomeCode> = Vec::with_capacity(asked.len());
    let mut labels = BTreeSet::new();
    for (at, SaveOutcomeCode { id, label }) in asked.into_iter().enumerate() {
        let path = |field| format!("codes[{at}].{field}");
        let label = short(&path("label"), &label)?;
        let repeated = !labels.insert(label.to_lowercase());
        unless(repeated, &path("label"), || format!("This list already has a code “{label}”."))?;
        let foreign = id.is_some_and(|id| before.iter().all(|code| code.id != id));
        unless(foreign, &path("id"), || {
            "This list has no such code. Omit the id to add a new one.".to_owned()
        })?;
        let twice = id.is_some_and(|id| codes.iter().any(|code| code.id == id));
        unless(twice, &path("id"), || "List each code only once.".to_owned())?;
        let id = id.unwrap_or_else(|| OutcomeId::new(app.clock.now(), clock::random()));
        codes.push(OutcomeCode { id, label });
    }
    Ok(codes)
}

/// Returns a name or label without surrounding spaces, or 422 if its length is wrong.
fn short(path: &str, text: &str) -> ApiResult<String> {
    let text = text.trim();
    let wrong = !(1..=MAX_NAME).contains(&text.chars().count());
    unless(wrong, path, || format!("Enter 1 to {MAX_NAME} characters."))?;
    Ok(text.to_owned())
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn unless(wrong: bool, path: &str, detail: impl FnOnce() -> String) -> ApiResult<()> {
    let error = wrong.then(|| FieldError { path: path.to_owned(), detail: detail() });
    Ok(Error::check(error.into_iter().collect())?)
}

fn no_list() -> ApiError {
    Error::not_found("outcome list").into()
}
