/// Recursive averages as TA-Lib computes them: seeded with the plain mean of the first values.
#[derive(Clone, Copy, Debug)]
enum Progress {
    /// Sum of the values so far and how many more are needed.
    Seeding {
        sum: f64,
        missing: usize,
    },
    Running(f64),
}

/// Exponential moving average, `e ← e + k (x − e)` with `k = 2 / (period + 1)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ema {
    period: usize,
    progress: Progress,
}

impl Ema {
    pub(super) fn new(period: usize) -> Self {
        Self { period, progress: Progress::Seeding { sum: 0.0, missing: period } }
    }

    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let factor = 2.0 / (self.period as f64 + 1.0);
        self.progress = advance(self.progress, self.period, value, |mean| (value - mean) * factor + mean);
        self.progress.value()
    }
}

/// Wilder's moving average, `a ← ((n − 1) a + x) / n` (Wilder 1978).
#[derive(Clone, Copy, Debug)]
pub(super) struct Wilder {
    period: usize,
    progress: Progress,
}

impl Wilder {
    pub(super) fn new(period: usize) -> Self {
        Self { period, progress: Progress::Seeding { sum: 0.0, missing: period } }
    }

    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let period = self.period as f64;
        self.progress = advance(self.progress, self.period, value, |mean| (mean * (period - 1.0) + value) / period);
        self.progress.value()
    }
}

impl Progress {
    fn value(self) -> Option<f64> {
        match self {
            Self::Seeding { .. } => None,
            Self::Running(mean) => Some(mean),
        }
    }
}

fn advance(progress: Progress, period: usize, value: f64, step: impl FnOnce(f64) -> f64) -> Progress {
    match progress {
        Progress::Seeding { sum, missing: 1 } => Progress::Running((sum + value) / period as f64),
        Progress::Seeding { sum, missing } => Progress::Seeding { sum: sum + value, missing: missing - 1 },
        Progress::Running(mean) => Progress::Running(step(mean)),
    }
}
