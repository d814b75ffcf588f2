//! `tickmesh predict`: forecasts with their reasons.

use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::{Action, Forecast, PredictRequest, Reason};

use crate::cli::{Global, PredictArgs};
use crate::failure::Failure;
use crate::{connect, output};

/// Forecasts each symbol and prints it.
///
/// # Errors
/// If a symbol has no answer: those that have one are printed first, and every refusal is told.
pub async fn run(global: &Global, args: PredictArgs) -> Result<(), Failure> {
    let mut client = ForecastServiceClient::new(connect::channel(&global.server).await?);
    let (mut forecasts, mut refusals) = (Vec::with_capacity(args.symbols.len()), Vec::new());
    for symbol in args.symbols {
        let request = PredictRequest { symbol, explain: args.explain, ..Default::default() };
        match client.predict(request).await {
            Ok(forecast) => forecasts.push(forecast.into_inner()),
            Err(status) => refusals.push(Failure::from(status)),
        }
    }
    show(&forecasts, global.json)?;
    let last = refusals.pop();
    refusals.iter().for_each(|refusal| refusal.tell(global.json));
    last.map_or(Ok(()), Err)
}

fn show(forecasts: &[Forecast], json: bool) -> Result<(), Failure> {
    if json {
        for forecast in forecasts {
            output::line(output::json(forecast, "tickmesh.model.v1.Forecast")?);
        }
    } else if !forecasts.is_empty() {
        table(forecasts);
    }
    Ok(())
}

fn table(forecasts: &[Forecast]) {
    let head = ["symbol", "as of", "signal", "reasons", "last", "expected", "90 % interval", "P(up)"];
    output::line(output::table(&head, 4, forecasts.iter().map(row)));
    for forecast in forecasts.iter().filter(|f| !f.contributions.is_empty()) {
        output::line(contributions(forecast));
    }
}

fn row(forecast: &Forecast) -> Vec<String> {
    let decision = forecast.signal.clone().unwrap_or_default();
    let interval =
        forecast.interval.map(|i| format!("{} … {}", output::percent(Some(i.lower)), output::percent(Some(i.upper))));
    vec![
        forecast.symbol.clone(),
        output::date(forecast.as_of.as_ref()),
        action(decision.action()),
        reasons(decision.reasons()),
        format!("{:.2}", forecast.last_price),
        output::percent(forecast.expected_return),
        interval.unwrap_or_else(|| "–".into()),
        output::number(forecast.up_probability, 3),
    ]
}

fn contributions(forecast: &Forecast) -> String {
    let mut sorted = forecast.contributions.clone();
    sorted.sort_by(|a, b| b.contribution().abs().total_cmp(&a.contribution().abs()));
    let rows = sorted
        .iter()
        .map(|c| vec![c.feature.clone(), format!("{:.4}", c.value()), format!("{:+.6}", c.contribution())]);
    let table = output::table(&["feature", "value", "contribution"], 1, rows);
    format!(
        "\n{} raw forecast {:+.6} = {:+.6} + the contributions\n{table}",
        forecast.symbol,
        forecast.raw_forecast.unwrap_or_default(),
        forecast.bias.unwrap_or_default()
    )
}

/// `BUY`, `SELL` or `HOLD`.
pub fn action(action: Action) -> String {
    output::short(action.as_str_name(), "ACTION_")
}

/// The reasons in the contract's words, joined by commas.
pub fn reasons(reasons: impl Iterator<Item = Reason>) -> String {
    reasons.map(|r| output::short(r.as_str_name(), "REASON_")).collect::<Vec<_>>().join(", ")
}
