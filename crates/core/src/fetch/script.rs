//! `fetch` for scripts: plain data in, plain data out.

use std::time::Duration;

use hookswitch_script::{FetchRequest, FetchResponse, FetchRoom, HostError, Redirect};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Response;
use url::Url;

use super::{FetchClient, FetchError, Incoming, Outgoing, Redirects, host_of};

impl FetchClient {
    /// Sends a script's request and reads the complete response, within the request's time-out or
    /// `fetch.total_seconds`, whichever is shorter.
    ///
    /// # Errors
    /// With the code and message of a [`FetchError`].
    pub async fn fetch(&self, request: FetchRequest, room: &FetchRoom) -> Result<FetchResponse, HostError> {
        let patience =
            request.timeout_ms.map_or(self.total(), |ms| self.total().min(Duration::from_millis(ms)));
        match tokio::time::timeout(patience, self.fetch_whole(request, room)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Timeout(patience).into()),
        }
    }

    async fn fetch_whole(&self, request: FetchRequest, room: &FetchRoom) -> Result<FetchResponse, HostError> {
        let max_bytes = request.max_response_bytes;
        let Incoming { response, redirected } = self.send(outgoing(request)?).await?;
        let status = response.status();
        let headers = response.headers().iter();
        Ok(FetchResponse {
            status: status.as_u16(),
            status_text: status.canonical_reason().unwrap_or_default().to_owned(),
            url: response.url().to_string(),
            redirected,
            headers: headers.map(|(name, value)| (name.to_string(), latin1(value.as_bytes()))).collect(),
            body: self.read(response, max_bytes, room).await?,
        })
    }

    /// Reads the body. Room is reserved first; for all of it if its length is announced.
    async fn read(
        &self,
        mut response: Response,
        max_bytes: u64,
        room: &FetchRoom,
    ) -> Result<Vec<u8>, HostError> {
        let host = host_of(response.url());
        let announced = response.content_length().unwrap_or_default();
        let mut left = max_bytes.checked_sub(announced).ok_or(FetchError::TooLarge(max_bytes))?;
        room.reserve(announced).await?;
        let mut reserved = announced;
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| FetchError::from_reqwest(&error, &host, self.total()))?
        {
            let length = chunk.len() as u64;
            if length > reserved {
                let more = length - reserved;
                left = left.checked_sub(more).ok_or(FetchError::TooLarge(max_bytes))?;
                room.reserve(more).await?;
                reserved += more;
            }
            reserved -= length;
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl From<FetchError> for HostError {
    fn from(error: FetchError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

fn outgoing(request: FetchRequest) -> Result<Outgoing, FetchError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let bad = || {
            FetchError::Request(format!("the header `{name}` has a name or value that HTTP does not allow"))
        };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.append(name, HeaderValue::from_str(value).map_err(|_| bad())?);
    }
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| FetchError::Request(format!("`{}` is not an HTTP method", request.method)))?;
    Ok(Outgoing {
        url: Url::parse(&request.url).map_err(|_| FetchError::Url(request.url))?,
        method,
        headers,
        body: request.body.map(|body| body.into_bytes().into()),
        redirects: match request.redirect {
            Redirect::Follow => Redirects::Follow,
            Redirect::Manual => Redirects::Give,
            Redirect::Error => Redirects::Refuse,
        },
    })
}

/// A header's bytes as the web platform reads them: one character each.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
