//! A line chart as SVG: straight lines between measured points, both axes from zero.

use std::fmt::{self, Write as _};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 120.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;
/// Told apart also by those who see fewer colours, on light and on dark ground.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];

/// What is drawn.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) lines: Vec<Line>,
    /// What repeats the measurement.
    pub(super) command: String,
}

/// One line, from left to right.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

impl fmt::Display for Chart {
    fn fmt(&self, svg: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x_end = end(points().map(|point| point.0).fold(0.0, f64::max));
        let y_end = end(points().map(|point| point.1).fold(0.0, f64::max));
        let x = |value: f64| LEFT + value / x_end * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / y_end * (HEIGHT - TOP - BOTTOM);
        writeln!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#777">"##
        )?;
        writeln!(svg, "<title>{}</title>", escaped(&self.title))?;
        writeln!(svg, r#"<text x="{LEFT}" y="20" font-size="14">{}</text>"#, escaped(&self.title))?;
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let (at, along) = (y(part * y_end), x(part * x_end));
            let (low, right) = (y(0.0), x(x_end));
            writeln!(
                svg,
                r##"<path d="M{LEFT} {at:.1}H{right:.1}" stroke="#777" stroke-opacity=".3"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text><text x="{along:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
                LEFT - 8.0,
                at + 4.0,
                tidy(part * y_end),
                low + 18.0,
                tidy(part * x_end),
            )?;
        }
        let (middle, low) = (x(x_end / 2.0), HEIGHT - BOTTOM + 36.0);
        writeln!(svg, r#"<text x="{middle:.1}" y="{low:.1}" text-anchor="middle">{}</text>"#, self.x)?;
        writeln!(svg, r#"<text x="{LEFT}" y="34" text-anchor="end">{}</text>"#, self.y)?;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let mut path = String::new();
            for (number, point) in line.points.iter().enumerate() {
                let verb = if number == 0 { 'M' } else { 'L' };
                write!(path, "{verb}{:.1} {:.1}", x(point.0), y(point.1))?;
                let (across, up) = (x(point.0), y(point.1));
                writeln!(svg, r#"<circle cx="{across:.1}" cy="{up:.1}" r="3" fill="{colour}"/>"#)?;
            }
            writeln!(svg, r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#)?;
            if let Some(last) = line.points.last() {
                let (across, up) = (x(last.0) + 10.0, y(last.1) + 4.0);
                let name = escaped(&line.name);
                writeln!(svg, r#"<text x="{across:.1}" y="{up:.1}" fill="{colour}">{name}</text>"#)?;
            }
        }
        let foot = HEIGHT - 4.0;
        let command = escaped(&self.command);
        writeln!(svg, r#"<text x="{LEFT}" y="{foot}" font-size="10">{command}</text>"#)?;
        writeln!(svg, "</svg>")
    }
}

/// A round number that is no smaller, to end an axis with.
fn end(largest: f64) -> f64 {
    let power = 10_f64.powf(largest.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|end| *end >= largest).unwrap_or(10.0 * power)
}

/// 0.6, where sums of fractions give 0.6000000000000001.
fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let ends = [9000.0, 6.2, 1.0, 0.31].map(end);
        assert_eq!(ends.map(|end| format!("{end:.2}")), ["10000.00", "8.00", "1.00", "0.40"]);
    }

    #[test]
    fn axes_are_labelled_with_few_digits() {
        let lines = vec![Line { name: "a".to_owned(), points: vec![(9000.0, 0.55)] }];
        let chart = Chart { title: "T".to_owned(), x: "x", y: "y", lines, command: "bench".to_owned() };
        let svg = chart.to_string();
        for label in ["0", "0.15", "0.3", "0.45", "0.6", "2500", "10000"] {
            assert!(svg.contains(&format!(">{label}</text>")), "{label}: {svg}");
        }
    }

    #[test]
    fn every_point_is_drawn_and_every_line_is_named() {
        let line = |name: &str| Line { name: name.to_owned(), points: vec![(1.0, 2.0), (3.0, 4.0)] };
        let lines = vec![line("a < b"), line("c")];
        let chart = Chart { title: "T".to_owned(), x: "x", y: "y", lines, command: "bench".to_owned() };
        let svg = chart.to_string();
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains(">a &lt; b</text>") && svg.contains(">c</text>"), "{svg}");
    }
}
