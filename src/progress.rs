//! How far long work is, on standard error: a bar at a terminal, plain lines elsewhere, nothing where a program reads.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work in steps. While nobody knows that there is anything to do, nothing is shown.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    unit: &'static str,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Bar(ProgressBar),
    /// A line for each tenth of the way; how many tenths were told.
    Lines(u64),
    Silent,
}

impl Progress {
    /// Progress for people: `what` is done to the `unit`s, such as importing bars.
    pub fn new(what: &'static str, unit: &'static str) -> Self {
        let form = if std::io::stderr().is_terminal() { Form::Bar(hidden_bar(what, unit)) } else { Form::Lines(0) };
        Self { what, unit, form }
    }

    /// Progress that shows nothing.
    pub fn silent() -> Self {
        Self { what: "", unit: "", form: Form::Silent }
    }

    /// Progress for whoever reads: programs that asked for JSON have no use for it.
    pub fn unless(json: bool, what: &'static str, unit: &'static str) -> Self {
        if json { Self::silent() } else { Self::new(what, unit) }
    }

    /// `done` of `total` steps are behind; `now` says what is at hand.
    pub fn at(&mut self, done: u64, total: u64, now: &str) {
        if total == 0 {
            return;
        }
        match &mut self.form {
            Form::Silent => {}
            Form::Bar(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(now.to_owned());
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
            }
            Form::Lines(told) => {
                let tenths = done.saturating_mul(10) / total;
                if tenths > *told {
                    *told = tenths;
                    eprintln!("{}", line(self.what, self.unit, done, total, now));
                }
            }
        }
    }

    /// The work is over: a bar goes away.
    pub fn end(self) {
        if let Form::Bar(bar) = self.form {
            bar.finish_and_clear();
        }
    }
}

fn hidden_bar(what: &str, unit: &str) -> ProgressBar {
    let template = format!("{what} {{bar:30}} {{pos}}/{{len}} {unit} {{msg}} {{eta}}");
    let style = ProgressStyle::with_template(&template).expect("callers name work and unit in plain words");
    ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style)
}

fn line(what: &str, unit: &str, done: u64, total: u64, now: &str) -> String {
    let line = format!("{what}: {done} of {total} {unit} {now}");
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(progress: &Progress) -> u64 {
        let Form::Lines(told) = progress.form else { panic!("{progress:?}") };
        told
    }

    #[test]
    fn a_line_comes_with_each_tenth_and_none_for_nothing() {
        let mut progress = Progress { what: "importing", unit: "bars", form: Form::Lines(0) };
        progress.at(0, 0, "");
        assert_eq!(told(&progress), 0);
        for (done, tenths) in [(0, 0), (99, 0), (100, 1), (150, 1), (470, 4), (1_000, 10)] {
            progress.at(done, 1_000, "");
            assert_eq!(told(&progress), tenths, "{done}");
        }
    }

    #[test]
    fn a_line_says_what_is_at_hand() {
        assert_eq!(line("training", "models", 2, 6, "NFLX"), "training: 2 of 6 models NFLX");
        assert_eq!(line("importing", "bars", 5, 9, ""), "importing: 5 of 9 bars");
    }
}
