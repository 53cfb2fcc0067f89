//! Reads the parameters of a GraphQL request from a body or a query string.

use async_graphql::Variables;
use serde_json::{Map, Value};

use crate::graphql::error::{Code, GraphError, GraphResult};

/// One operation as it was asked for.
#[derive(Debug)]
pub struct Params {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// What a request holds.
#[derive(Debug)]
pub enum Incoming {
    One(Params),
    Batch(Vec<Params>),
}

/// Reads a JSON body: an object, or an array of up to `batch` objects.
///
/// # Errors
/// `BAD_INPUT` (parse failures too): nothing was executed.
pub fn from_body(body: &[u8], batch: usize) -> GraphResult<Incoming> {
    let value = serde_json::from_slice(body)
        .map_err(|_| GraphError::new(Code::BadInput, "the body is no JSON"))?;
    match value {
        Value::Array(list) if list.is_empty() || list.len() > batch => Err(GraphError::bad_input(
            "batch",
            format!("{} operations", list.len()),
            format!("1 to {batch}"),
        )),
        Value::Array(list) => list
            .into_iter()
            .map(from_value)
            .collect::<GraphResult<_>>()
            .map(Incoming::Batch),
        value => from_value(value).map(Incoming::One),
    }
}

/// Reads one operation from a JSON object.
///
/// # Errors
/// `BAD_INPUT` that names the parameter.
pub fn from_value(value: Value) -> GraphResult<Params> {
    let Value::Object(mut fields) = value else {
        return Err(GraphError::new(
            Code::BadInput,
            "a request is a JSON object with `query`",
        ));
    };
    let query = match fields.remove("query") {
        Some(Value::String(query)) if !query.trim().is_empty() => query,
        _ => {
            return Err(GraphError::bad_input(
                "query",
                "missing",
                "a GraphQL document",
            ));
        }
    };
    let operation_name = match fields.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => (!name.is_empty()).then_some(name),
        Some(_) => {
            return Err(GraphError::bad_input(
                "operationName",
                "no text",
                "a text or null",
            ));
        }
    };
    let variables = object(&mut fields, "variables")?;
    object(&mut fields, "extensions")?;
    Ok(Params {
        query,
        operation_name,
        variables: Variables::from_json(Value::Object(variables)),
    })
}

/// Reads one operation from a URL's query; `variables` and `extensions` are JSON there.
///
/// # Errors
/// `BAD_INPUT` that names the parameter.
pub fn from_query(query: Option<&str>) -> GraphResult<Params> {
    let mut fields = Map::new();
    for (key, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let value = match key.as_ref() {
            "variables" | "extensions" if value.is_empty() => Value::Null,
            "variables" | "extensions" => serde_json::from_str(&value)
                .map_err(|_| GraphError::bad_input(&key, "no JSON", "a JSON object"))?,
            _ => Value::String(value.into_owned()),
        };
        fields.insert(key.into_owned(), value);
    }
    from_value(Value::Object(fields))
}

fn object(fields: &mut Map<String, Value>, name: &str) -> GraphResult<Map<String, Value>> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(GraphError::bad_input(
            name,
            "no object",
            "a JSON object or null",
        )),
    }
}
