//! The live loop's domain: what each bar does to forecasts, signals and scores.
