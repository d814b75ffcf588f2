/// Adjusts a raw price by a bar's adjustment factor (adjusted close / raw close).
///
/// The one place where raw becomes adjusted, so that bars listed as adjusted and features computed from raw bars agree
/// to the last bit.
///
/// ```
/// assert_eq!(tickmesh_proto::types::adjust(20.0, Some(0.5)), 10.0);
/// assert_eq!(tickmesh_proto::types::adjust(20.0, None), 20.0);
/// ```
pub fn adjust(price: f64, factor: Option<f64>) -> f64 {
    price * factor.unwrap_or(1.0)
}
