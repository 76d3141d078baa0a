//! A recording: a short melody, made up when it is asked for.

/// Samples a second.
const RATE: u32 = 8_000;
/// The longest recording that is made up, seconds.
const MAX_SECONDS: u32 = 30;

/// A WAV file (8 kHz, 16 bits, mono) of two people's tones taking turns, as long as the talk but between 1 and 30 seconds.
#[must_use]
pub fn recording(talk_seconds: u32) -> Vec<u8> {
    let samples = RATE * talk_seconds.clamp(1, MAX_SECONDS);
    let mut file = header(samples * 2);
    for sample in 0..samples {
        file.extend_from_slice(&tone(sample).to_le_bytes());
    }
    file
}

fn header(data_bytes: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(44 + data_bytes as usize);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes()); // PCM
    header.extend_from_slice(&1_u16.to_le_bytes()); // one channel
    header.extend_from_slice(&RATE.to_le_bytes());
    header.extend_from_slice(&(RATE * 2).to_le_bytes()); // bytes a second
    header.extend_from_slice(&2_u16.to_le_bytes()); // bytes a sample
    header.extend_from_slice(&16_u16.to_le_bytes()); // bits a sample
    header.extend_from_slice(b"data");
    header.extend_from_slice(&data_bytes.to_le_bytes());
    header
}

#[expect(clippy::cast_possible_truncation, reason = "the amplitude is far below i16's")]
fn tone(sample: u32) -> i16 {
    let seconds = f64::from(sample) / f64::from(RATE);
    let pitch = if (sample / RATE).is_multiple_of(2) { 330.0 } else { 247.0 };
    // Fades in and out within each second, so that nothing clicks.
    let swell = (seconds.fract() * std::f64::consts::PI).sin();
    ((seconds * pitch * std::f64::consts::TAU).sin() * swell * 6_000.0) as i16
}

#[cfg(test)]
mod tests {
    use super::recording;

    #[test]
    fn a_recording_is_a_wav_file_of_the_talks_length() {
        let file = recording(3);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(&file[8..12], b"WAVE");
        assert_eq!(file.len(), 44 + 3 * 8_000 * 2);
        assert_eq!(u32::from_le_bytes([file[40], file[41], file[42], file[43]]), 3 * 8_000 * 2);
        assert!(file[44..].iter().any(|byte| *byte != 0));
        assert_eq!(recording(0).len(), 44 + 16_000);
        assert_eq!(recording(100_000).len(), 44 + 30 * 16_000);
    }
}
