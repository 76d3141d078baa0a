//! Bytes across the boundary: `ArrayBuffer` on the script's side, `Vec<u8>` here. They are always copied, so that the
//! script's memory limit counts what it holds and nothing here points into it.

use rquickjs::{ArrayBuffer, Ctx, Error, FromJs, IntoJs, Value};

/// Bytes from, or for, an `ArrayBuffer`.
pub(super) struct Bytes(pub Vec<u8>);

impl<'js> FromJs<'js> for Bytes {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Self> {
        let from = value.type_name();
        copy(value).map(Self).ok_or_else(|| Error::new_from_js(from, "ArrayBuffer"))
    }
}

impl<'js> IntoJs<'js> for Bytes {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        ArrayBuffer::new_copy(ctx.clone(), self.0).map(ArrayBuffer::into_value)
    }
}

#[expect(unsafe_code, reason = "rquickjs exposes an ArrayBuffer's bytes only as a borrowed slice")]
fn copy(value: Value<'_>) -> Option<Vec<u8>> {
    let buffer = ArrayBuffer::from_value(value)?;
    // SAFETY: the slice is copied before this function returns, and no JavaScript runs in between.
    unsafe { buffer.as_bytes() }.map(<[u8]>::to_vec)
}
