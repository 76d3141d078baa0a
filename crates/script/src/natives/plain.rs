//! Reads a script's values as plain data, as `JSON.stringify` would, and bounds them while reading.
//!
//! Nothing here depends on globals the script can replace, and nothing is converted before it is known to fit: getters,
//! proxies and `toJSON` are called once, and an endless or circular value ends at the bound.

use rquickjs::{ArrayBuffer, Atom, Coerced, Ctx, Error, Function, Object, Value};
use serde_json::{Map, Number, Value as Json};

use super::bytes::Bytes;
use crate::data;

/// Helpers of the prelude for what the engine's interface does not expose: see `border.js`.
pub(super) struct Helpers<'js> {
    /// `Object.prototype` from before the script ran.
    ordinary: Object<'js>,
    /// `(object)`: its bytes, the primitive it boxes, `null` for a proxy of an array; `undefined` for any other.
    special: Function<'js>,
    /// `(text)`: without lone surrogates.
    well_formed: Function<'js>,
    /// `(BigInt, key)`: the result of its `toJSON`, if it has one.
    big_int: Function<'js>,
}

impl<'js> rquickjs::FromJs<'js> for Helpers<'js> {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Self> {
        let helpers = Object::from_value(value)?;
        Ok(Self {
            ordinary: helpers.get("ordinary")?,
            special: helpers.get("special")?,
            well_formed: helpers.get("wellFormed")?,
            big_int: helpers.get("bigInt")?,
        })
    }
}

/// Why a value is rejected.
pub(super) enum Refused {
    /// It nests deeper than [`data::MAX_DEPTH`], or refers to itself.
    Deep,
    /// It has more bytes as JSON than allowed.
    Large,
    /// The script threw while it was read, or it has no JSON representation.
    Threw(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Threw(error)
    }
}

/// The value as plain data of at most about this many bytes of JSON; `None` for what JSON leaves out.
pub(super) fn plain<'js>(
    helpers: &Helpers<'js>,
    value: Value<'js>,
    max_bytes: usize,
) -> Result<Option<Json>, Refused> {
    Reader { helpers, left: max_bytes }.read(value, &Key::Root, 0)
}

/// The key of a value, passed to `toJSON`.
enum Key<'a, 'js> {
    Root,
    Index(u32),
    Name(&'a Atom<'js>),
}

impl<'js> Key<'_, 'js> {
    fn for_script(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        let text = match self {
            Self::Root => String::new(),
            Self::Index(index) => index.to_string(),
            Self::Name(name) => return name.to_value(),
        };
        Ok(rquickjs::String::from_str(ctx.clone(), &text)?.into_value())
    }
}

struct Reader<'a, 'js> {
    helpers: &'a Helpers<'js>,
    left: usize,
}

impl<'js> Reader<'_, 'js> {
    fn read(&mut self, value: Value<'js>, key: &Key<'_, 'js>, depth: usize) -> Result<Option<Json>, Refused> {
        let value = replaced(self.helpers, value, key)?;
        let Some(object) = value.as_object().filter(|_| !value.is_function()) else {
            return self.primitive(value);
        };
        let mut is_array = value.is_array();
        if !is_array && !self.is_ordinary(object) {
            let special: Value<'js> = self.helpers.special.call((object.clone(),))?;
            if ArrayBuffer::from_value(special.clone()).is_some() {
                return self.bytes(special).map(Some);
            }
            is_array = special.is_null();
            if !is_array && !special.is_undefined() {
                return self.primitive(special);
            }
        }
        if depth == data::MAX_DEPTH {
            return Err(Refused::Deep);
        }
        self.take(2)?;
        if is_array { self.array(object, depth + 1) } else { self.object(object, depth + 1) }.map(Some)
    }

    /// Whether the object has no class of its own; nearly all have none.
    fn is_ordinary(&self, object: &Object<'js>) -> bool {
        // Querying a proxy runs the script, and a proxy is read by what it exposes anyway.
        !object.as_value().is_proxy()
            && object.get_prototype().is_none_or(|prototype| prototype == self.helpers.ordinary)
    }

    fn array(&mut self, array: &Object<'js>, depth: usize) -> Result<Json, Refused> {
        let length = array.get::<_, Coerced<f64>>("length")?.0;
        let mut items = Vec::new();
        let mut index = 0;
        while f64::from(index) < length {
            self.take(1)?;
            let item = self.read(array.get(index)?, &Key::Index(index), depth)?;
            if item.is_none() {
                self.take(4)?;
            }
            items.push(item.unwrap_or_default());
            index += 1;
        }
        Ok(Json::Array(items))
    }

    fn object(&mut self, object: &Object<'js>, depth: usize) -> Result<Json, Refused> {
        let mut members = Map::new();
        for name in object.keys::<Atom<'js>>() {
            let name = name?;
            if let Some(member) = self.read(object.get(name.clone())?, &Key::Name(&name), depth)? {
                let name = data::own_name(self.text(&name.to_js_string()?)?);
                self.take(name.len() + 4)?;
                members.insert(name, member);
            }
        }
        Ok(Json::Object(members))
    }

    fn primitive(&mut self, value: Value<'js>) -> Result<Option<Json>, Refused> {
        if let Some(text) = value.as_string() {
            let text = self.text(text)?;
            self.take(text.len() + 2)?;
            return Ok(Some(Json::String(text)));
        }
        self.take(1)?;
        Ok(match (value.as_bool(), value.as_int(), value.as_float()) {
            (Some(truth), ..) => Some(Json::Bool(truth)),
            (_, Some(whole), _) => Some(Json::from(whole)),
            (.., Some(number)) => Some(self.number(number, &value)?),
            _ if value.is_null() => Some(Json::Null),
            _ if value.is_big_int() => {
                let message = "a BigInt has no JSON representation; use its toString()";
                return Err(rquickjs::Exception::throw_type(value.ctx(), message).into());
            }
            _ => None,
        })
    }

    /// A number as JavaScript writes it: integers without a fraction, large ones with significant digits only.
    fn number(&mut self, number: f64, value: &Value<'js>) -> Result<Json, Refused> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        self.take(8)?;
        Ok(if number.fract() == 0.0 && number.abs() <= EXACT {
            Json::from(number as i64)
        } else if number.is_finite() {
            let written = value.get::<Coerced<String>>()?.0;
            written.parse::<Number>().map_or(Json::Null, Json::Number)
        } else {
            Json::Null
        })
    }

    fn text(&self, text: &rquickjs::String<'js>) -> Result<String, Refused> {
        match text.to_string() {
            Err(Error::Utf8(_)) => Ok(self.helpers.well_formed.call((text.clone(),))?),
            text => Ok(text?),
        }
    }

    fn bytes(&mut self, buffer: Value<'js>) -> Result<Json, Refused> {
        let bytes: Bytes = buffer.get()?;
        self.take(bytes.0.len() / 3 * 4 + 20)?;
        Ok(data::bytes(&bytes.0))
    }

    fn take(&mut self, bytes: usize) -> Result<(), Refused> {
        self.left = self.left.checked_sub(bytes).ok_or(Refused::Large)?;
        Ok(())
    }
}

/// The result of the value's `toJSON`, if it has one.
fn replaced<'js>(
    helpers: &Helpers<'js>,
    value: Value<'js>,
    key: &Key<'_, 'js>,
) -> rquickjs::Result<Value<'js>> {
    if value.is_big_int() {
        let key = key.for_script(value.ctx())?;
        return helpers.big_int.call((value, key));
    }
    let Some(object) = value.as_object() else { return Ok(value) };
    let to_json: Value<'js> = object.get("toJSON")?;
    match to_json.as_function() {
        Some(to_json) => {
            let key = key.for_script(value.ctx())?;
            to_json.call((rquickjs::function::This(value), key))
        }
        None => Ok(value),
    }
}
