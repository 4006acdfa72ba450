// SPDX-License-Identifier: Apache-2.0

/// The version of usher.
public enum Version {
    /// As in `usherd --version`, by semver.org.
    public static let text = "0.1.0"
}
