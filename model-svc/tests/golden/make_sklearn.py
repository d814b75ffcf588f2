"""A problem with signal, and how scikit-learn solves it -> absolute_return.csv, sklearn.csv.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
    /tmp/golden/bin/python make_sklearn.py

Tomorrow's absolute return of AAPL from ten features of today, all in whole basis points (volume: percent of its 20-day
mean): unlike the return itself it can be forecast, so a forest that learns less shows it. Rows before 2019 train, later
ones test. Forest figures are means over five seeds, with their standard deviation.
"""

import csv
import gzip
import pathlib

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import brier_score_loss
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).resolve().parent
BARS = HERE.parents[2] / "data" / "demo_daily_adjusted.csv.gz"
SEEDS = range(5)
FOREST = dict(n_estimators=200, max_depth=8, min_samples_leaf=20, max_features=3, n_jobs=1)
ALPHAS = (0.0, 1.0, 100.0)
NAMES = ["abs_0", "abs_1", "abs_2", "mean_5", "mean_10", "mean_20", "mean_60", "range", "range_5", "volume"]


def mean(values, window):
    return np.convolve(values, np.full(window, 1 / window))[: len(values)]


def problem():
    with gzip.open(BARS, "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["symbol"] == "AAPL"]
    close, adjusted, high, low, volume = (
        np.array([float(row[name]) for row in rows]) for name in ("close", "adj_close", "high", "low", "volume")
    )
    move = np.abs(np.diff(adjusted, prepend=adjusted[0]) / np.roll(adjusted, 1)) * 1e4
    spread = (high - low) / close * 1e4
    columns = [move, np.roll(move, 1), np.roll(move, 2), *(mean(move, n) for n in (5, 10, 20, 60))]
    columns += [spread, mean(spread, 5), volume / mean(volume, 20) * 100]
    x = np.rint(np.column_stack(columns))
    y = np.rint(np.roll(move, -1))
    train = np.array([row["date"] < "2019" for row in rows])
    keep = slice(61, -1)
    return x[keep], y[keep], train[keep]


def spread(name, values):
    return {name: np.mean(values), f"{name}_sd": np.std(values, ddof=1)}


def forest_figures(x, y, train):
    def rmse(seed):
        model = RandomForestRegressor(random_state=seed, **FOREST).fit(x[train], y[train])
        return np.sqrt(np.mean((model.predict(x[~train]) - y[~train]) ** 2))

    large = y > np.median(y[train])

    def brier(seed):
        model = RandomForestClassifier(random_state=seed, **FOREST).fit(x[train], large[train])
        return brier_score_loss(large[~train], model.predict_proba(x[~train])[:, 1])

    base = np.mean((y[~train] - y[train].mean()) ** 2)
    return (
        {"regression_rmse_of_the_mean": np.sqrt(base)}
        | spread("regression_rmse", [rmse(seed) for seed in SEEDS])
        | {"classification_brier_of_the_base_rate": np.mean((large[~train] - large[train].mean()) ** 2)}
        | spread("classification_brier", [brier(seed) for seed in SEEDS])
    )


def ridge_figures(x, y, train):
    scaler = StandardScaler().fit(x[train])
    figures = {}
    for alpha in ALPHAS:
        model = Ridge(alpha=alpha, solver="cholesky").fit(scaler.transform(x[train]), y[train])
        figures |= {f"ridge_{alpha:g}_{name}": beta for name, beta in zip(NAMES, model.coef_)}
        figures[f"ridge_{alpha:g}_first_forecast"] = model.predict(scaler.transform(x[~train][:1]))[0]
    return figures


def main():
    x, y, train = problem()
    with open(HERE / "absolute_return.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["train", *NAMES, "tomorrow"])
        out.writerows([int(t), *map(int, row), int(target)] for t, row, target in zip(train, x, y))
    with open(HERE / "sklearn.csv", "w", newline="") as file:
        file.write(f"# scikit-learn {sklearn.__version__}, made by make_sklearn.py\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerows((name, f"{value:.17g}") for name, value in (forest_figures(x, y, train) | ridge_figures(x, y, train)).items())


main()
