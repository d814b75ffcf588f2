//! `tickmesh optimize`: weights and what they promise.

use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::{Allocation, Constraints, Objective, OptimizeRequest, SolveStatus};

use crate::cli::{Global, OptimizeArgs};
use crate::failure::Failure;
use crate::{connect, output};

/// Computes weights and prints them.
///
/// # Errors
/// If there are none: constraints that clash, or a solver that failed; `--json` prints the answer all the same.
pub async fn run(global: &Global, args: OptimizeArgs) -> Result<(), Failure> {
    let request = request(args)?;
    let mut client = OptimizerServiceClient::new(connect::channel(&global.server).await?);
    let allocation = client.optimize(request).await?.into_inner();
    if global.json {
        output::line(output::json(&allocation, "tickmesh.portfolio.v1.Allocation")?);
    } else if !allocation.weights.is_empty() {
        output::line(describe(&allocation));
    }
    solved(&allocation)
}

fn solved(allocation: &Allocation) -> Result<(), Failure> {
    let text = match allocation.status() {
        SolveStatus::Solved => return Ok(()),
        SolveStatus::Infeasible => {
            format!("no weights meet all constraints: {} clash", allocation.clashing_constraints.join(", "))
        }
        SolveStatus::IterationLimit => {
            "the solver stopped at its iteration limit: the weights are its best so far".into()
        }
        SolveStatus::NumericalFailure | SolveStatus::Unspecified => "the solver failed on these figures".into(),
    };
    let text = if allocation.note.is_empty() { text } else { format!("{text}; {}", allocation.note) };
    let reason = output::short(allocation.status().as_str_name(), "SOLVE_STATUS_");
    Err(Fault::new(Code::FailedPrecondition, reason, text).into())
}

fn request(args: OptimizeArgs) -> Result<OptimizeRequest, Failure> {
    let OptimizeArgs { symbols, objective, target, max_weight, lookback } = args;
    let full = format!("OBJECTIVE_{}", objective.to_uppercase().trim_start_matches("OBJECTIVE_"));
    let objective = Objective::from_str_name(&full)
        .filter(|objective| *objective != Objective::Unspecified)
        .ok_or_else(|| Failure::usage(format!("--objective {objective}: must be one of {}", objectives())))?;
    Ok(OptimizeRequest {
        symbols,
        objective: objective.into(),
        target,
        lookback,
        constraints: max_weight.map(|max| Constraints { max_weight: Some(max), ..Default::default() }),
        ..Default::default()
    })
}

/// Every objective of the contracts, without the enum's prefix.
fn objectives() -> String {
    let named = (1..=i32::from(u8::MAX)).filter_map(|number| Objective::try_from(number).ok());
    named.map(|objective| output::short(objective.as_str_name(), "OBJECTIVE_")).collect::<Vec<_>>().join(", ")
}

fn describe(allocation: &Allocation) -> String {
    let rows = allocation.weights.iter().map(|w| {
        let percent = |share: Option<f64>| format!("{:.2} %", 100.0 * share.unwrap_or_default());
        vec![w.symbol.clone(), percent(w.weight), percent(w.risk_contribution)]
    });
    let note = if allocation.note.is_empty() { String::new() } else { format!("\n{}", allocation.note) };
    format!(
        "{}\n\nas of {}, {} returns: expected {} a year, volatility {}, Sharpe {}; one-day 95 % VaR {}, CVaR {}{note}",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_objective_is_named() {
        let names = objectives();
        assert!(names.starts_with("MIN_VOLATILITY, MAX_SHARPE, TARGET_RETURN"), "{names}");
        assert!(names.ends_with("EQUAL_WEIGHT, INVERSE_VOLATILITY"), "{names}");
    }

    #[test]
    fn no_weights_are_a_failure_that_names_what_clashes() {
        let clashing_constraints = vec!["max_weight".to_owned(), "fully invested".to_owned()];
        let status = SolveStatus::Infeasible.into();
        let infeasible = Allocation { status, clashing_constraints, ..Default::default() };
        let failure = solved(&infeasible).unwrap_err().to_string();
        assert_eq!(failure, "no weights meet all constraints: max_weight, fully invested clash");
        assert!(solved(&Allocation { status: SolveStatus::Solved.into(), ..Default::default() }).is_ok());
    }
}
