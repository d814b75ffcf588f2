use tickmesh_proto::model::v1 as wire;

use crate::conformal::COVERAGE;
use crate::decision::Action;
use crate::live::Covered;
use crate::monitor::{ScoreLine, Scores};

pub(in crate::grpc) fn live_score(scores: &Scores) -> wire::GetLiveScoreResponse {
    wire::GetLiveScoreResponse {
        scores: scores.lines.iter().map(line).collect(),
        total: scores.total.as_ref().map(line),
    }
}

fn line(line: &ScoreLine) -> wire::LiveScore {
    let ScoreLine { version, score, ratio_error, interval, pearson, spearman, thirds } = line;
    let (span, sharpness) = (score.span(), score.sharpness());
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
        brier_score: sharpness.brier(),
        brier_score_base_rate: sharpness.brier_base(),
        log_loss: sharpness.log_loss(),
        log_loss_base_rate: sharpness.log_loss_base(),
        up_rate: sharpness.base_rate(),
        interval_score: sharpness.interval_score(),
        coverage_by_volatility: thirds.iter().flatten().map(|covered| part(None, covered)).collect(),
        coverage_by_year: sharpness.years().iter().map(|(year, covered)| part(Some(*year), covered)).collect(),
    }
}

fn part(year: Option<i16>, covered: &Covered) -> wire::PartialCoverage {
    wire::PartialCoverage { year: year.map(i32::from), forecasts: covered.all, coverage: covered.share() }
}
