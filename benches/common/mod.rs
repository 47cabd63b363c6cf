//! What several benches listen to.

use callcsi::simulate::{SimulatedCall, SimulationSettings, Simulator};
use std::sync::LazyLock;

/// The first simulated call of nine to eleven minutes.
pub static CALL: LazyLock<SimulatedCall> = LazyLock::new(|| {
    let mut settings = SimulationSettings::seeded(1);
    settings.mean_talk_s = 600.0;
    let simulator = Simulator::new(settings).expect("settings in range");
    let mut calls = (0..).map(|index| simulator.call(index));
    let fits = |call: &SimulatedCall| (540.0..660.0).contains(&call.duration.seconds());
    calls.find(fits).expect("some call is that long")
});
