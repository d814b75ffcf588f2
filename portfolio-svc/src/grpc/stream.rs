use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tickmesh_fanout::topic::{Fields, Subscription};
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::Encoded;
use tickmesh_proto::portfolio::v1::{StreamAllocationsRequest, StreamAllocationsResponse};
use tickmesh_proto::r#type::v1::Delivery;
use tickmesh_proto::types::Symbol;
use tonic::Status;

use super::parse;
use crate::live::{Books, Lease};
use crate::market::Market;
use crate::plan::Plan;

/// Opens a stream over the live portfolio that a request asks for.
pub(super) async fn open(
    books: &Arc<Books>,
    market: &Market,
    request: StreamAllocationsRequest,
    ending: Ending,
) -> Result<BoxStream<'static, Result<Encoded<StreamAllocationsResponse>, Status>>, Fault> {
    let StreamAllocationsRequest {
        symbols,
        delivery,
        min_interval,
        resume_after,
        best_effort,
        heartbeat_interval,
        optimize,
    } = request;
    let mut violations = Violations::new();
    if optimize.is_some() && !symbols.is_empty() {
        violations.add("symbols", "must not be given together with optimize, which has its own");
    }
    let default = books.default_book().plan();
    let plan = match optimize {
        Some(optimize) => violations.within("optimize", |inside| parse::live(optimize, inside)),
        None => listed(default, &symbols, market, &mut violations).await?,
    };
    let fields =
        Fields { symbols, delivery, min_interval, resume_after, best_effort, heartbeat_interval, start_time: None };
    let subscription = Subscription::check(fields, Delivery::Latest, &mut violations);
    let plan = violations.finish_some(plan)?;
    market.universe_with(&plan.symbols).await?;
    let lease = books.of(plan, &subscription).await?;
    let messages = lease.subscribe(subscription, ending)?.encoded();
    Ok(held(messages, lease))
}

/// The default plan over the listed symbols that exist; a symbol that does not is refused in the Ack and ends nothing.
async fn listed(
    default: &Plan,
    symbols: &[String],
    market: &Market,
    violations: &mut Violations,
) -> Result<Option<Plan>, Fault> {
    if symbols.is_empty() {
        return Ok(Some(default.clone()));
    }
    let universe = market.universe().await?;
    let parsed = symbols.iter().filter_map(|text| Symbol::try_from(text.as_str()).ok());
    let mut known: Vec<Symbol> = parsed.filter(|symbol| universe.knows(symbol)).collect();
    known.sort();
    known.dedup();
    if known.len() < 2 {
        violations.add("symbols", "must name two symbols that exist, or none for all");
        return Ok(None);
    }
    Ok(Some(Plan { symbols: known, ..default.clone() }))
}

/// The stream holds its portfolio, so that it does not make way for another.
fn held(
    messages: impl futures_util::Stream<Item = Result<Encoded<StreamAllocationsResponse>, Status>> + Send + 'static,
    lease: Lease,
) -> BoxStream<'static, Result<Encoded<StreamAllocationsResponse>, Status>> {
    messages
        .map(move |message| {
            let _held = &lease;
            message
        })
        .boxed()
}
