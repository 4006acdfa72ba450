// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Records

extension LogSettings {
    /// The settings for the record writer.
    var recordSettings: RecordSettings {
        RecordSettings(destinations: recordDestinations, format: recordFormat, level: recordLevel, isExact: isExact)
    }

    /// By default the journal if it reads the daemon's standard error, as under systemd; otherwise standard error.
    var destinationsInForce: [Destination] {
        destinations ?? [ServiceManager.journalReadsStandardError ? .journal : .standardError]
    }

    private var recordDestinations: [RecordDestination] {
        destinationsInForce.map { destination in
            switch destination {
            case .journal: .journal
            case .standardOutput: .standardOutput
            case .standardError: .standardError
            case .file(let path): .file(path: path)
            }
        }
    }

    private var recordFormat: RecordFormat {
        switch format {
        case .text: .text
        case .json: .json
        }
    }

    private var recordLevel: RecordLevel {
        switch level {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
