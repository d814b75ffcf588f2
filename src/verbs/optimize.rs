//! `tickmesh optimize`: weights and what they promise.

use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::{Allocation, Constraints, Objective, OptimizeRequest, SolveStatus};

use crate::cli::{Global, OptimizeArgs};
use crate::failure::Failure;
use crate::{connect, output};

/// Computes weights and prints them; infeasible is an answer too, with exit code 0.
pub async fn run(global: &Global, args: OptimizeArgs) -> Result<(), Failure> {
    let request = request(args)?;
    let mut client = OptimizerServiceClient::new(connect::gateway(&global.server).await?);
    let allocation = client.optimize(request).await?.into_inner();
    if global.json {
        output::line(output::json(&allocation, "tickmesh.portfolio.v1.Allocation")?);
    } else {
        output::line(describe(&allocation));
    }
    Ok(())
}

fn request(args: OptimizeArgs) -> Result<OptimizeRequest, Failure> {
    let OptimizeArgs { symbols, objective, target, max_weight, lookback } = args;
    let full = format!("OBJECTIVE_{}", objective.to_uppercase().trim_start_matches("OBJECTIVE_"));
    let objective = Objective::from_str_name(&full).ok_or_else(|| {
        Failure::usage(format!("--objective {objective}: no such objective; MAX_SHARPE and MIN_VOLATILITY are two"))
    })?;
    Ok(OptimizeRequest {
        symbols,
        objective: objective.into(),
        target,
        lookback,
        constraints: max_weight.map(|max| Constraints { max_weight: Some(max), ..Default::default() }),
        ..Default::default()
    })
}

fn describe(allocation: &Allocation) -> String {
    if allocation.status() != SolveStatus::Solved {
        let status = output::short(allocation.status().as_str_name(), "SOLVE_STATUS_");
        return format!("{status}: {} {}", allocation.clashing_constraints.join(", "), allocation.note);
    }
    let rows = allocation.weights.iter().map(|w| {
        vec![w.symbol.clone(), format!("{:.2} %", 100.0 * w.weight), format!("{:.2} %", 100.0 * w.risk_contribution)]
    });
    format!(
        "{}\n\nas of {}, {} returns: expected {} a year, volatility {}, Sharpe {}; one-day 95 % VaR {}, CVaR {}",
        output::table(&["symbol", "weight", "share of risk"], 1, rows),
        output::date(allocation.as_of.as_ref()),
        allocation.observations,
        output::percent(allocation.expected_return),
        output::percent(allocation.volatility),
        output::number(allocation.sharpe, 2),
        output::percent(allocation.value_at_risk),
        output::percent(allocation.conditional_value_at_risk),
    )
}
