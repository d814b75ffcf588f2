use super::FeatureDef;
use super::family::{Family, Step};

const NANOS_PER_DAY: i64 = 86_400_000_000_000;
/// Days from a Monday to 1 January 1970, a Thursday.
const EPOCH_WEEKDAY: i64 = 3;

/// Sine and cosine of 2π d / 7, d = 0 on Monday. Written out, since the last bit of `sin` differs between platforms.
const CIRCLE: [[f64; 2]; 7] = [
    [0.0, 1.0],
    [0.781_831_482_468_029_8, 0.623_489_801_858_733_5],
    [0.974_927_912_181_823_6, -0.222_520_933_956_314_4],
    [0.433_883_739_117_558_1, -0.900_968_867_902_419_1],
    [-0.433_883_739_117_558_1, -0.900_968_867_902_419_1],
    [-0.974_927_912_181_823_6, -0.222_520_933_956_314_4],
    [-0.781_831_482_468_029_8, 0.623_489_801_858_733_5],
];

/// Day of the week of the bar's close, as a point on a circle: seven days, since some markets never close.
#[derive(Clone, Debug, Default)]
pub(super) struct Weekday;

impl Family<2> for Weekday {
    const FEATURES: [FeatureDef; 2] = [
        FeatureDef::new("weekday_sin", "sin(2 pi d / 7), d the UTC day of the week of the bar's close, Monday 0", 1, 1),
        FeatureDef::new("weekday_cos", "cos(2 pi d / 7), d the UTC day of the week of the bar's close, Monday 0", 1, 1),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 2]> {
        Some(CIRCLE[weekday(step.bar.time)])
    }
}

/// 0 on Monday to 6 on Sunday.
fn weekday(time: i64) -> usize {
    let days = time.div_euclid(NANOS_PER_DAY);
    usize::try_from((days + EPOCH_WEEKDAY).rem_euclid(7)).expect("a remainder by 7 is 0 to 6")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_was_a_thursday_and_the_day_before_a_wednesday() {
        assert_eq!([-1, 0, NANOS_PER_DAY, 4 * NANOS_PER_DAY].map(weekday), [2, 3, 4, 0]);
    }

    #[test]
    fn the_circle_is_sine_and_cosine() {
        for (day, [sin, cos]) in CIRCLE.iter().enumerate() {
            let angle = std::f64::consts::TAU * day as f64 / 7.0;
            assert!((sin - angle.sin()).abs() < 1e-15 && (cos - angle.cos()).abs() < 1e-15, "day {day}");
        }
    }
}
