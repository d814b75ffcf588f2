use tickmesh_proto::model::v1 as wire;

use crate::conformal::COVERAGE;
use crate::decision::Action;
use crate::monitor::{ScoreLine, Scores};

pub(in crate::grpc) fn live_score(scores: &Scores) -> wire::GetLiveScoreResponse {
    wire::GetLiveScoreResponse {
        scores: scores.lines.iter().map(line).collect(),
        total: scores.total.as_ref().map(line),
    }
}

fn line(line: &ScoreLine) -> wire::LiveScore {
    let ScoreLine { version, score, ratio_error, interval, pearson, spearman } = line;
    let span = score.span();
    wire::LiveScore {
        symbol: version.as_ref().map_or_else(String::new, |version| version.symbol.to_string()),
        model_version: version.as_ref().map_or_else(String::new, ToString::to_string),
        forecasts: score.count(),
        hit_rate: score.hits().rate(),
        hit_rate_lower: interval.map(|interval| interval.lower),
        hit_rate_upper: interval.map(|interval| interval.upper),
        zero_outcomes: score.hits().zeros(),
        information_coefficient: *pearson,
        rank_information_coefficient: *spearman,
        mse: score.mse(),
        mse_persistence: score.mse_persistence(),
        mse_ratio_error: *ratio_error,
        coverage: score.coverage(),
        nominal_coverage: COVERAGE,
        mean_interval_width: score.mean_width(),
        buy_share: score.share(Action::Buy),
        sell_share: score.share(Action::Sell),
        hold_share: score.share(Action::Hold),
        start_time: span.map(|(first, _)| first.into()),
        end_time: span.map(|(_, last)| last.into()),
        level_clamps: score.clamps(),
    }
}
