//! Decodes `Content-Encoding`, of requests' bodies and of recordings.

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Maximum number of nested encodings; no honest sender uses more than one.
const MAX_LAYERS: usize = 3;

/// Why a body cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodingError {
    /// Larger than this server accepts.
    #[error("the body is larger than {0} bytes when decoded")]
    TooLarge(usize),
    /// An unknown encoding, or too many of them.
    #[error("the Content-Encoding \"{0}\" is not supported; use gzip, deflate or br")]
    Unknown(String),
    /// The bytes do not match the header.
    #[error("the body does not match its Content-Encoding \"{0}\"")]
    Malformed(String),
}

/// The source of a body.
pub type Source = Box<dyn AsyncBufRead + Send + Unpin>;

/// Whether a `Content-Encoding` requires decoding.
pub fn is_encoded(encoding: &str) -> bool {
    layers(encoding).next().is_some()
}

fn layers(encoding: &str) -> impl DoubleEndedIterator<Item = &str> {
    encoding
        .split(',')
        .map(str::trim)
        .filter(|layer| !layer.is_empty() && !layer.eq_ignore_ascii_case("identity"))
}

/// Decodes the bytes while they are read.
///
/// # Errors
/// [`EncodingError::Unknown`], and errors of reading the source.
pub async fn decode(encoding: &str, mut source: Source) -> Result<Source, EncodingError> {
    let unknown = || EncodingError::Unknown(encoding.chars().take(80).collect());
    if layers(encoding).count() > MAX_LAYERS {
        return Err(unknown());
    }
    for layer in layers(encoding).rev() {
        source = match layer.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => {
                let mut decoder = GzipDecoder::new(source);
                decoder.multiple_members(true);
                buffered(decoder)
            }
            "deflate" => {
                let malformed = |_| EncodingError::Malformed(encoding.to_owned());
                // The name means zlib's format; some senders use the bare one.
                match is_zlib(source.fill_buf().await.map_err(malformed)?) {
                    true => buffered(ZlibDecoder::new(source)),
                    false => buffered(DeflateDecoder::new(source)),
                }
            }
            "br" => buffered(BrotliDecoder::new(source)),
            _ => return Err(unknown()),
        };
    }
    Ok(source)
}

/// The whole body, decoded.
///
/// # Errors
/// See [`EncodingError`].
pub(crate) async fn decode_whole(
    encoding: &str,
    body: &[u8],
    max_bytes: usize,
) -> Result<Vec<u8>, EncodingError> {
    let source = Box::new(std::io::Cursor::new(body.to_vec()));
    let mut decoded = Vec::new();
    let bound = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let read = decode(encoding, source).await?.take(bound).read_to_end(&mut decoded).await;
    if decoded.len() > max_bytes {
        return Err(EncodingError::TooLarge(max_bytes));
    }
    match read {
        Ok(_) => Ok(decoded),
        Err(_) => Err(EncodingError::Malformed(encoding.to_owned())),
    }
}

fn buffered(reader: impl AsyncRead + Send + Unpin + 'static) -> Source {
    Box::new(BufReader::new(reader))
}

/// RFC 1950: the method is 8, and the first two bytes are a multiple of 31.
fn is_zlib(begin: &[u8]) -> bool {
    let [first, second, ..] = begin else { return false };
    first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
}
