# ./check.ps1 <channel> <bundle>
# The first run sets up a site: it asks for the fingerprint, as you compared it (FINGERPRINT.txt), and for what is
# installed. Every run checks a bundle by that site, which lies where relverify keeps it; RELVERIFY_SITE names another folder.
param(
  [Parameter(Mandatory = $true)] [string] $Channel,
  [Parameter(Mandatory = $true)] [string] $Bundle
)
$machine = if ("$env:PROCESSOR_ARCHITECTURE$env:PROCESSOR_ARCHITEW6432" -like '*ARM64*') { 'arm64' } else { 'amd64' }
$relverify = Join-Path $PSScriptRoot "relverify_windows_$machine.exe"
if (-not (Test-Path -LiteralPath $relverify)) {
  Write-Output "the kit has no relverify for windows on $machine"
  exit 1
}

# 2: there is no site yet.
$ErrorActionPreference = 'Continue'
& $relverify status *> $null
if ($LASTEXITCODE -eq 2) {
  $fingerprint = Read-Host 'fingerprint, as you compared it'
  if (-not $fingerprint) {
    Write-Output 'without a fingerprint nobody knows whose root this is; ask your vendor for it by telephone or letter'
    exit 2
  }
  $installed = Read-Host 'version that is installed, or none'
  & $relverify init --root (Join-Path $PSScriptRoot 'root.json') --product {{product}} --channel $Channel --fingerprint $fingerprint --installed $installed
  if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
  Write-Output ''
}
& $relverify $Bundle
exit $LASTEXITCODE
