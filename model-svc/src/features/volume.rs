use super::FeatureDef;
use super::family::{Family, Step};
use super::window::Window;

/// How unusual the volume is among the latest 20.
#[derive(Clone, Debug, Default)]
pub(super) struct VolumeScore {
    volumes: Window<20>,
}

impl Family<1> for VolumeScore {
    const FEATURES: [FeatureDef; 1] = [FeatureDef::new(
        "volume_z_20",
        "(V - mean) / population standard deviation of V over 20 bars, this one included; 0 when V is constant",
        20,
        20,
    )];

    fn update(&mut self, step: &Step) -> Option<[f64; 1]> {
        let volume = step.bar.volume;
        self.volumes.push(volume).map(|window| [score(volume - window.mean(), window.deviation())])
    }
}

fn score(distance: f64, deviation: f64) -> f64 {
    if deviation == 0.0 { 0.0 } else { distance / deviation }
}
