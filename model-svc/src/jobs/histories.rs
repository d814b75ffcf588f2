use std::collections::HashMap;

use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::board::Tools;
use crate::history::DailyBar;

/// The bars of symbols closed at or before `until`, complete: where the live loop has fewer bars than the market lists,
/// the market is asked, and the live loop is given them too. It is given the list first, so that whatever it then makes
/// of a symbol's bars is by the symbol's own calendar.
pub(super) async fn complete(
    tools: &Tools,
    symbols: &[Symbol],
    until: Timestamp,
) -> Result<Vec<(Symbol, Vec<DailyBar>)>, Fault> {
    let listed = tools.market.listed().await?;
    tools.commands.list(listed.clone()).await?;
    let listed: HashMap<Symbol, u64> = listed.into_iter().map(|one| (one.symbol, one.daily_bars)).collect();
    let mut histories = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        let wanted = listed.get(symbol).copied().unwrap_or(0);
        let mut bars = known(tools, symbol);
        if (bars.len() as u64) < wanted {
            bars = tools.market.history(symbol).await?;
            tools.commands.backfill(symbol.clone(), bars.clone()).await?;
        }
        bars.retain(|bar| bar.time() <= until);
        histories.push((symbol.clone(), bars));
    }
    Ok(histories)
}

fn known(tools: &Tools, symbol: &Symbol) -> Vec<DailyBar> {
    let board = tools.shared.board.load();
    board.symbols.get(symbol).map_or_else(Vec::new, |standing| standing.bars_until(Timestamp::MAX))
}
