"""Indicators of 300 real daily bars of AAPL as TA-Lib computes them -> talib_aapl.csv.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install ta-lib==0.8.2 numpy==2.4.6
    /tmp/golden/bin/python make_talib.py

Columns open to volume are the input (adjusted prices to 8 decimals, volume as traded); an empty field is a bar for which
TA-Lib gives no value. Everything else is printed to 17 significant digits, so that the tolerance is the test's alone.
"""

import csv
import gzip
import pathlib

import numpy as np
import talib

ROWS = 300
HERE = pathlib.Path(__file__).resolve().parent
BARS = HERE.parents[2] / "data" / "demo_daily_adjusted.csv.gz"


def bars():
    with gzip.open(BARS, "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["symbol"] == "AAPL"][:ROWS]
    factor = np.array([float(row["adj_close"]) / float(row["close"]) for row in rows])
    table = {name: np.round(np.array([float(row[name]) for row in rows]) * factor, 8) for name in ("open", "high", "low", "close")}
    table["volume"] = np.array([float(row["volume"]) for row in rows])
    return [row["date"] for row in rows], table


def indicators(table):
    close, high, low = table["close"], table["high"], table["low"]
    upper, _, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    line, signal, histogram = talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9)
    return (
        {f"rocp_{n}": talib.ROCP(close, timeperiod=n) for n in (1, 2, 3, 5, 10, 20)}
        | {f"sma_{n}": talib.SMA(close, timeperiod=n) for n in (5, 10, 20, 50)}
        | {f"ema_{n}": talib.EMA(close, timeperiod=n) for n in (12, 26)}
        | {"macd": line, "macd_signal": signal, "macd_histogram": histogram}
        | {"rsi_14": talib.RSI(close, timeperiod=14), "upper": upper, "lower": lower}
        | {"atr_14": talib.ATR(high, low, close, timeperiod=14)}
    )


def main():
    dates, table = bars()
    columns = table | indicators(table)
    with open(HERE / "talib_aapl.csv", "w", newline="") as file:
        file.write(f"# TA-Lib {talib.__ta_version__.decode().split()[0]} (ta-lib {talib.__version__}), made by make_talib.py\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["date", *columns])
        for at, date in enumerate(dates):
            out.writerow([date, *("" if np.isnan(c[at]) else f"{c[at]:.17g}" for c in columns.values())])


main()
