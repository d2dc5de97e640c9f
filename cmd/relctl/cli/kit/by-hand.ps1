# ./by-hand.ps1 <key> <bundle> <new folder>
# The check of VERIFY.md, with tar and cosign 3 and nothing of this kit but a key: it says who made the bundle, and not
# whether it was withdrawn or a newer one exists. The last line, "genuine by this key", is the answer; if it does not come,
# do not use what lies in the folder.
param(
  [Parameter(Mandatory = $true)] [string] $Key,
  [Parameter(Mandatory = $true)] [string] $Bundle,
  [Parameter(Mandatory = $true)] [string] $Folder
)
$ErrorActionPreference = 'Stop'
function Stop-Check([string] $why) {
  Write-Output "REFUSED: $why"
  exit 4
}
function Get-Sum([string] $path) { (Get-FileHash -Algorithm SHA256 -LiteralPath $path).Hash.ToLowerInvariant() }
$Key = (Resolve-Path -LiteralPath $Key).Path
$Bundle = (Resolve-Path -LiteralPath $Bundle).Path
$null = New-Item -ItemType Directory -Path $Folder
Set-Location -LiteralPath $Folder
# What other programs print on their standard error is no error: their exit codes are asked.
$ErrorActionPreference = 'Continue'

# 1. Open only the statement, its signatures and the list of checksums; nothing is run.
$contents = @(tar -tf $Bundle)
if ($LASTEXITCODE -ne 0) { Stop-Check 'the bundle cannot be read' }
$signatures = @($contents | Where-Object { $_ -cmatch '^release\.json\.[0-9a-f]*\.sigstore\.json$' })
if ($signatures.Count -eq 0) { Stop-Check 'there is no signature' }
tar -xf $Bundle release.json SHA256SUMS @signatures
if ($LASTEXITCODE -ne 0) { Stop-Check 'the bundle cannot be opened' }

# 2. The statement is signed by the key that you trust.
$verified = $false
foreach ($signature in $signatures) {
  cosign verify-blob --key $Key --bundle $signature --insecure-ignore-tlog release.json
  if ($LASTEXITCODE -eq 0) { $verified = $true }
}
if (-not $verified) { Stop-Check 'no signature is by this key' }

# 3. It is about this product and channel. Look at these two lines yourself.
$statement = @(Get-Content -LiteralPath release.json -Encoding UTF8)
$statement -cmatch '^  "(product|channel)": '

# 4. The statement names the list of checksums.
$sum = Get-Sum 'SHA256SUMS'
$at = @($statement | Select-String -SimpleMatch -CaseSensitive '"path": "SHA256SUMS"' -Context 0, 5)
if ($at.Count -ne 1 -or -not (@($at[0].Context.PostContext) -cmatch "`"sha256`": `"$sum`"")) { Stop-Check 'SHA256SUMS is not the one that was signed' }

# 5. Every file is what the list says.
tar -xf $Bundle
if ($LASTEXITCODE -ne 0) { Stop-Check 'the bundle cannot be opened' }
$expected = @('SHA256SUMS')
foreach ($line in @(Get-Content -LiteralPath SHA256SUMS -Encoding UTF8)) {
  if ($line -cnotmatch '^([0-9a-f]{64})  (.+)$') { Stop-Check "SHA256SUMS has a line that is none: $line" }
  $want, $path = $Matches[1], $Matches[2]
  if (-not (Test-Path -LiteralPath $path -PathType Leaf) -or (Get-Sum $path) -cne $want) { Stop-Check "$path is not what the list says" }
  $expected += $path
}

# 6. There is no file that the list does not name.
$expected += @($contents | Where-Object { $_ -cmatch '^release\.json(\.[0-9a-f]*\.sigstore\.json)?$|^trust/' })
$differ = @(Compare-Object -CaseSensitive -ReferenceObject $expected -DifferenceObject $contents)
if ($differ.Count -ne 0) { Stop-Check "the list and the bundle differ: $($differ[0].InputObject)" }
Write-Output "$(Split-Path -Leaf $Bundle) is genuine by this key"
