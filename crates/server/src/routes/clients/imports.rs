//! Importing clients from a file; administrators only.

use hookswitch_core::Error;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use axum::BoxError;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::{TryStreamExt as _, stream};
use hookswitch_model::ImportId;
use serde::{Deserialize, Serialize};
use tempfile::TempPath;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Admin;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path};
use hookswitch_core::clients::import::{
    DuplicateRule, Import, ImportColumn, ImportPreview, ImportTarget, Progress, check_mapping, preview, run,
    scan,
};
use hookswitch_core::clock;

/// An import of clients from a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ApiImport {
    id: ImportId,
    /// The columns of the file.
    columns: Vec<ImportColumn>,
    /// Number of lines after the header.
    total: u64,
    #[serde(flatten)]
    progress: Progress,
}

impl ApiImport {
    fn new(import: &Import) -> Self {
        let table = &import.table;
        let (columns, total) = (table.columns.clone(), table.total);
        Self { id: import.id, columns, total, progress: import.progress() }
    }
}

fn find(app: &App, id: ImportId) -> ApiResult<Arc<Import>> {
    Ok(app.imports.get(id).ok_or_else(|| Error::not_found("import"))?)
}

/// Uploads a CSV file of clients.
///
/// UTF-8 or UTF-16, separated by `,`, `;`, `|` or tabs; the first line names the columns. Limits: 64 MB, 200 columns,
/// 256 KB per line, a million lines. The file is kept for a day, or until the same user uploads another one.
#[utoipa::path(
    post,
    path = "/api/v1/clients/imports",
    tag = "clients",
    request_body(content = String, content_type = "text/csv"),
    responses((status = 201, body = ApiImport)),
)]
pub async fn upload_import(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<(StatusCode, axum::Json<ApiImport>)> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("text/csv") {
        let detail = "Send the file with the header `Content-Type: text/csv`.";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "notCsv", detail));
    }
    let now = app.clock.now();
    let id = ImportId::new(now, clock::random());
    // Deleted again if anything fails or the client disconnects.
    let place = app.imports.place(id, caller.user.id)?;
    let file = TempPath::try_from_path(place).map_err(Error::internal)?;
    receive(body, &file).await?;
    let place = file.to_path_buf();
    let table = tokio::task::spawn_blocking(move || scan(&place)).await.map_err(Error::internal)??;
    let import = app.imports.add(id, caller.user.id, table, now)?;
    file.keep().map_err(Error::internal)?;
    Ok((StatusCode::CREATED, axum::Json(ApiImport::new(&import))))
}

/// Returns an import and its progress.
#[utoipa::path(
    get,
    path = "/api/v1/clients/imports/{id}",
    tag = "clients",
    params(("id" = ImportId, Path)),
    responses((status = 200, body = ApiImport)),
)]
pub async fn get_import(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ImportId>,
) -> ApiResult<axum::Json<ApiImport>> {
    Ok(axum::Json(ApiImport::new(find(&app, id)?.as_ref())))
}

/// The mapping of a file's columns.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewImport {
    /// The field for each column; `null` to ignore the column.
    mapping: Vec<Option<ImportTarget>>,
}

/// Previews how the file's first lines would be imported.
#[utoipa::path(
    post,
    path = "/api/v1/clients/imports/{id}/preview",
    tag = "clients",
    params(("id" = ImportId, Path)),
    request_body = PreviewImport,
    responses((status = 200, body = ImportPreview)),
)]
pub async fn preview_import(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Path(id): Path<ImportId>,
    Json(PreviewImport { mapping }): Json<PreviewImport>,
) -> ApiResult<axum::Json<ImportPreview>> {
    let import = find(&app, id)?;
    check_mapping(&import, &mapping)?;
    Ok(axum::Json(preview(&app.calls, &caller.user, &import, &mapping).await?))
}

/// How to import a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartImport {
    /// The field for each column; `null` to ignore the column.
    mapping: Vec<Option<ImportTarget>>,
    /// What to do with lines whose client already exists.
    duplicates: DuplicateRule,
}

/// Starts an import.
#[utoipa::path(
    post,
    path = "/api/v1/clients/imports/{id}/start",
    tag = "clients",
    params(("id" = ImportId, Path)),
    request_body = StartImport,
    responses((status = 202, body = ApiImport)),
)]
pub async fn start_import(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Path(id): Path<ImportId>,
    Json(StartImport { mapping, duplicates }): Json<StartImport>,
) -> ApiResult<(StatusCode, axum::Json<ApiImport>)> {
    let import = find(&app, id)?;
    check_mapping(&import, &mapping)?;
    import.begin()?;
    let started = ApiImport::new(&import);
    app.tasks.spawn(run(Arc::clone(&app.calls), caller.user, import, mapping, duplicates));
    Ok((StatusCode::ACCEPTED, axum::Json(started)))
}

/// Returns the lines rejected so far, in whole or in part, each with its number and the reason.
#[utoipa::path(
    get,
    path = "/api/v1/clients/imports/{id}/rejected.csv",
    tag = "clients",
    params(("id" = ImportId, Path)),
    responses((status = 200, description = "The columns `Line` and `Reason`, then the file's own columns", content_type = "text/csv", body = String)),
)]
pub async fn get_rejected_lines(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ImportId>,
) -> ApiResult<Response> {
    let import = find(&app, id)?;
    let file = tokio::fs::File::open(import.rejected()).await;
    let file = file.map_err(|_| Error::conflict("notStarted", "This import has not been started yet."))?;
    let parts = stream::try_unfold(file, async |mut file| {
        let mut part = Vec::with_capacity(PART_BYTES);
        let read = file.read_buf(&mut part).await?;
        Ok::<_, BoxError>((read > 0).then_some((part, file)))
    });
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"rejected.csv\""),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// Size of the chunks in which a file is sent, in bytes.
const PART_BYTES: usize = 1 << 16;

/// Stops a running import, keeping what was imported so far, or discards an import that is not running.
#[utoipa::path(
    delete,
    path = "/api/v1/clients/imports/{id}",
    tag = "clients",
    params(("id" = ImportId, Path)),
    responses((status = 204)),
)]
pub async fn cancel_import(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ImportId>,
) -> ApiResult<StatusCode> {
    app.imports.cancel(find(&app, id)?.as_ref());
    Ok(StatusCode::NO_CONTENT)
}

/// Largest file, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Writes a request's body to a new file that only the server's user can read.
///
/// # Errors
/// Returns 413 if the body is too long and 400 if it ends early; part of the file may remain in both cases.
async fn receive(body: Body, place: &std::path::Path) -> ApiResult<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(place);
    let mut file = tokio::fs::File::from_std(file.map_err(Error::internal)?);
    let mut body = body.into_data_stream();
    let mut bytes = 0;
    let broken = |error: axum::Error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bodyUnreadable",
            format!("The upload was interrupted: {error}."),
        )
    };
    while let Some(part) = body.try_next().await.map_err(broken)? {
        bytes += part.len();
        if bytes > MAX_BYTES {
            let detail =
                format!("The file has more than {} MB. Split it and send the parts.", MAX_BYTES >> 20);
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", detail));
        }
        file.write_all(&part).await.map_err(Error::internal)?;
    }
    file.flush().await.map_err(|error| Error::internal(error).into())
}
