"""Writes the goldens of portfolio-svc: closes.csv and golden.json beside this file.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python generate.py PATH/TO/demo_daily_adjusted.csv.gz

Every optimum is found twice, by an interior point at tolerances of 1e-14 and by a method of another kind (enumeration of
all supports with exact linear algebra, SLSQP, root finding), and the script stops if their weights differ by more than
1e-7, or 1e-6 where the interior point meets a curved constraint. The more exact of the two is written.
"""

import importlib.metadata
import itertools
import json
import pathlib
import sys

import cvxpy as cp
import numpy as np
import pandas as pd
import pypfopt
import scipy.optimize
import sklearn.covariance

HERE = pathlib.Path(__file__).parent
LOOKBACK = 504
PACKAGES = ("clarabel", "cvxpy", "numpy", "pandas", "PyPortfolioOpt", "scikit-learn", "scipy")
TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-14, tol_gap_rel=1e-14, tol_feas=1e-14)


def closes(path):
    bars = pd.read_csv(path, parse_dates=["date"])
    table = bars.pivot(index="date", columns="symbol", values="adj_close").dropna()
    table = table[table.index < "2021-01-01"].tail(LOOKBACK + 1)
    table.to_csv(HERE / "closes.csv", float_format="%.10g")
    return pd.read_csv(HERE / "closes.csv", index_col="date", parse_dates=["date"])


def cone(mu, sigma, objective, extra=lambda w: []):
    """One portfolio by cvxpy and Clarabel at tolerances of 1e-14."""
    w = cp.Variable(len(mu))
    root = np.linalg.cholesky(sigma).T
    goal, demands = objective(w, root)
    problem = cp.Problem(goal, [cp.sum(w) == 1, *demands, *extra(w)])
    problem.solve(**TIGHT)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return w.value


def slsqp(mu, sigma, f, gradient, constraints, bounds, start):
    """The same by SLSQP, a sequential quadratic programme with an active set."""
    budget = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones_like(w)}
    found = scipy.optimize.minimize(
        f, start, jac=gradient, bounds=bounds, constraints=[budget, *constraints], method="SLSQP",
        options=dict(ftol=1e-18, maxiter=2000))
    return found.x


def traded(sigma, held, most):
    """Long-only minimum variance within a turnover, by SLSQP over buys and sales, in which it is smooth."""
    n = len(held)
    w = lambda x: held + x[:n] - x[n:]
    f = lambda x: w(x) @ sigma @ w(x) * 1e2
    g = lambda x: np.concatenate([2e2 * sigma @ w(x), -2e2 * sigma @ w(x)])
    signs = np.repeat([1.0, -1.0], n)
    constraints = [
        {"type": "eq", "fun": lambda x: signs @ x, "jac": lambda x: signs},
        {"type": "ineq", "fun": lambda x: 2 * most - x.sum(), "jac": lambda x: -np.ones(2 * n)},
        {"type": "ineq", "fun": w, "jac": lambda x: np.hstack([np.eye(n), -np.eye(n)])},
    ]
    found = scipy.optimize.minimize(f, np.zeros(2 * n), jac=g, bounds=[(0, 1)] * (2 * n), constraints=constraints,
                                    method="SLSQP", options=dict(ftol=1e-18, maxiter=2000))
    return w(found.x)


def enumerated(sigma, mu=None, target=None):
    """Exact long-only minimum variance (with mu'w = target): the best of all supports' KKT systems."""
    n, best = len(sigma), None
    for size in range(1, n + 1):
        for support in itertools.combinations(range(n), size):
            s = list(support)
            rows = [np.ones(size)] + ([] if mu is None else [mu[s]])
            rhs = [1.0] + ([] if mu is None else [target])
            if len(rows) > size:
                continue
            a = np.array(rows)
            kkt = np.block([[sigma[np.ix_(s, s)], a.T], [a, np.zeros((len(rows), len(rows)))]])
            try:
                x = np.linalg.solve(kkt, np.concatenate([np.zeros(size), rhs]))[:size]
            except np.linalg.LinAlgError:
                continue
            w = np.zeros(n)
            w[s] = x
            if (w >= -1e-13).all() and (best is None or w @ sigma @ w < best @ sigma @ best):
                best = w
    return best


def tangency(sigma, excess):
    """Exact long-only tangency portfolio: minimum variance with e'y = 1, scaled; the best of all supports."""
    n, best = len(sigma), None
    for size in range(1, n + 1):
        for support in itertools.combinations(range(n), size):
            s = list(support)
            y = np.linalg.solve(sigma[np.ix_(s, s)], excess[s])
            if y.sum() <= 0 or (y / y.sum() < -1e-13).any():
                continue
            w = np.zeros(n)
            w[s] = y / y.sum()
            ratio = excess @ w / np.sqrt(w @ sigma @ w)
            if best is None or ratio > best[0]:
                best = (ratio, w)
    return best[1]


def agree(name, one, other, tolerance=1e-7):
    difference = np.abs(np.asarray(one) - np.asarray(other)).max()
    assert difference < tolerance, f"{name}: the two solvers differ by {difference:.2e}"
    print(f"{name:28} two solvers differ by {difference:.1e}")


def optimise(mu, sigma, symbols):
    n = len(mu)
    out = {}
    variance = lambda w, root: (cp.Minimize(cp.sum_squares(root @ w)), [w >= 0])
    f, g = (lambda w: w @ sigma @ w * 1e2), (lambda w: 2e2 * sigma @ w)

    out["min_volatility"] = enumerated(sigma)
    agree("min_volatility", out["min_volatility"], cone(mu, sigma, variance))
    frontier = pypfopt.EfficientFrontier(mu, sigma)
    agree("  PyPortfolioOpt", out["min_volatility"], list(frontier.min_volatility().values()), 1e-3)

    bounds = lambda w: [w >= 0.05, w <= 0.30]
    out["min_volatility_bounds"] = cone(mu, sigma, variance, bounds)
    agree("min_volatility_bounds", out["min_volatility_bounds"],
          slsqp(mu, sigma, f, g, [], [(0.05, 0.30)] * n, np.full(n, 1 / n)))

    two = [0, 1]  # the first two symbols, at least 60 % together
    group = lambda w: [w[0] + w[1] >= 0.6, w <= 0.5]
    out["min_volatility_group"] = cone(mu, sigma, variance, group)
    row = np.array([1.0 if i in two else 0.0 for i in range(n)])
    agree("min_volatility_group", out["min_volatility_group"], slsqp(
        mu, sigma, f, g, [{"type": "ineq", "fun": lambda w: row @ w - 0.6, "jac": lambda w: row}], [(0, 0.5)] * n,
        np.array([0.3, 0.3] + [0.4 / (n - 2)] * (n - 2))))

    held = np.full(n, 1 / n)
    turnover = lambda w: [cp.norm1(w - held) <= 2 * 0.1]
    out["min_volatility_turnover"] = cone(mu, sigma, variance, turnover)
    agree("min_volatility_turnover", out["min_volatility_turnover"], traded(sigma, held, 0.1))

    short = lambda w, root: (cp.Minimize(cp.sum_squares(root @ w)), [w >= -0.2, w <= 1])
    out["min_volatility_short"] = cone(mu, sigma, short)
    agree("min_volatility_short", out["min_volatility_short"],
          slsqp(mu, sigma, f, g, [], [(-0.2, 1)] * n, np.full(n, 1 / n)))

    for rate in (0.0, 0.02):
        name = f"max_sharpe_{rate:g}"
        out[name] = tangency(sigma, mu - rate)
        frontier = pypfopt.EfficientFrontier(mu, sigma)
        agree(name + " (PyPortfolioOpt)", out[name], list(frontier.max_sharpe(risk_free_rate=rate).values()), 1e-3)
        y = cp.Variable(n)
        problem = cp.Problem(cp.Minimize(cp.sum_squares(np.linalg.cholesky(sigma).T @ y)), [(mu - rate) @ y == 1, y >= 0])
        problem.solve(**TIGHT)
        agree(name, out[name], y.value / y.value.sum())

    target = float(np.quantile(mu, 0.7))
    out["target_return"] = {"target": target, "weights": enumerated(sigma, mu, target).tolist()}
    reach = lambda w, root: (cp.Minimize(cp.sum_squares(root @ w)), [w >= 0, mu @ w >= target])
    agree("target_return", out["target_return"]["weights"], cone(mu, sigma, reach))

    cap = float(np.sqrt(out["min_volatility"] @ sigma @ out["min_volatility"]) * 1.15)
    within = lambda w, root: (cp.Maximize(mu @ w), [w >= 0, cp.norm(root @ w) <= cap])
    # On the frontier the greatest return at a volatility has the least volatility at that return: bisect for it.
    low, high = float(mu @ out["min_volatility"]), float(mu.max())
    excess = lambda r: np.sqrt((w := enumerated(sigma, mu, r)) @ sigma @ w) - cap
    weights = enumerated(sigma, mu, scipy.optimize.brentq(excess, low, high, xtol=1e-15))
    out["target_volatility"] = {"target": cap, "weights": weights.tolist()}
    agree("target_volatility", weights, cone(mu, sigma, within), 1e-6)

    def equal_risk(y):
        return y * (sigma @ y) - 1 / n
    y = scipy.optimize.root(equal_risk, 1 / np.sqrt(np.diag(sigma) * n), jac=lambda y: np.diag(sigma @ y) + np.diag(y) @ sigma, tol=1e-15).x
    out["risk_parity"] = y / y.sum()
    v = cp.Variable(n)
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(np.linalg.cholesky(sigma).T @ v) - cp.sum(cp.log(v)) / n))
    problem.solve(**TIGHT)
    agree("risk_parity", out["risk_parity"], v.value / v.value.sum(), 1e-6)
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in out.items()}


def tail(returns, weights):
    """Rockafellar and Uryasev's linear programme with the weights held fixed."""
    losses = -(returns.values @ weights)
    z, u = cp.Variable(), cp.Variable(len(losses), nonneg=True)
    problem = cp.Problem(cp.Minimize(z + cp.sum(u) / (0.05 * len(losses))), [u >= losses - z])
    problem.solve(**TIGHT)
    return {"conditional_value_at_risk": float(problem.value), "value_at_risk": float(np.quantile(losses, 0.95, method="inverted_cdf"))}


def black_litterman(sigma, m, s2, rho, horizon):
    """By the formula of the master equation in its inverse form, unlike the code under test."""
    n, tau = len(m), 0.05
    prior = 2.5 * sigma @ np.full(n, 1 / n)
    rho2 = np.clip(rho, 0.01, 0.2) ** 2
    omega = np.diag(252 / horizon * s2 * (1 - rho2) / rho2 * tau)
    left = np.linalg.inv(tau * sigma) + np.linalg.inv(omega)
    right = np.linalg.inv(tau * sigma) @ prior + np.linalg.inv(omega) @ (252 / horizon * m)
    return np.linalg.solve(left, right)


def main():
    prices = closes(sys.argv[1])
    returns = prices.pct_change().dropna()
    symbols = list(prices.columns)
    sigma = sklearn.covariance.ledoit_wolf(returns.values)[0] * 252
    mu = pypfopt.expected_returns.mean_historical_return(prices, frequency=252).values
    views = {
        "expected": [0.001, -0.0005, 0.002, 0.0, 0.0007, -0.001][: len(symbols)],
        "error_variance": (returns.var().values).tolist(),
        "skill": [0.05, 0.3, 0.001, 0.1, -0.2, 0.15][: len(symbols)],
    }
    golden = {
        "versions": {
            "python": sys.version.split()[0],
            **{package: importlib.metadata.version(package) for package in PACKAGES},
        },
        "symbols": symbols,
        "expected": {
            "historical": mu.tolist(),
            "exponential": pypfopt.expected_returns.ema_historical_return(prices, span=500, frequency=252).tolist(),
            "black_litterman": black_litterman(sigma, *(np.array(views[k]) for k in ("expected", "error_variance", "skill")), 1).tolist(),
        },
        "views": views,
        "covariance": {
            "sample": (returns.cov() * 252).values.tolist(),
            "exponential": (returns.ewm(span=180).cov().iloc[-len(symbols):] * 252).values.tolist(),
            "ledoit_wolf": sigma.tolist(),
            "ledoit_wolf_short": (sklearn.covariance.ledoit_wolf(returns.values[:5])[0] * 252).tolist(),
        },
        "weights": optimise(mu, sigma, symbols),
        "tail": {str(n): tail(returns.tail(n), np.full(len(symbols), 1 / len(symbols))) for n in (60, 61, 79, 100, 504)},
    }
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
